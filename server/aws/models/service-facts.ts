/**
 * The tables that say what an AWS service takes and answers: one JSON file a service in this folder. They hold facts of
 * the wire only, made by generate.ts from the published models; PutMedia, which no model describes, is written by hand.
 */

/** Where a member of an input or output stands, when that is not the body. */
export interface MemberFacts {
  readonly shape: string;
  readonly header: string;
}

/** A type of the model. Limits of strings count characters, of lists and maps elements, of blobs bytes, of numbers the value. */
export interface ShapeFacts {
  readonly type:
    | 'structure'
    | 'list'
    | 'map'
    | 'string'
    | 'integer'
    | 'long'
    | 'double'
    | 'boolean'
    | 'timestamp'
    | 'blob';
  /** Of a structure: the member's shape by its wire name. */
  readonly members?: Readonly<Record<string, string | MemberFacts>>;
  readonly required?: readonly string[];
  /** Shape of a list's elements. */
  readonly member?: string;
  /** Shapes of a map's keys and values. */
  readonly key?: string;
  readonly value?: string;
  readonly min?: number;
  readonly max?: number;
  /** Java's regular expressions, to be matched against the whole value. */
  readonly pattern?: string;
  readonly enum?: readonly string[];
  /** Not to be shown in messages or logs. */
  readonly sensitive?: true;
  /** Of an exception: its HTTP status; 0 when the model has none. */
  readonly error?: number;
  /** The member that is the whole body. */
  readonly payload?: string;
  readonly streaming?: true;
  readonly eventstream?: true;
}

export interface OperationFacts {
  readonly method: string;
  readonly path: string;
  readonly input?: string;
  readonly output?: string;
  readonly errors: readonly string[];
  /** The request's body is media without an end: it is neither read nor hashed by the frame. */
  readonly streamingInput?: true;
}

export interface ServiceFacts {
  readonly apiVersion: string;
  readonly protocol: 'rest-json' | 'json';
  /** The service's name in the scope of a signature. */
  readonly signingName: string;
  /** In front of the operation's name in `X-Amz-Target`, where the protocol names operations by it. */
  readonly targetPrefix?: string;
  readonly operations: Readonly<Record<string, OperationFacts>>;
  readonly shapes: Readonly<Record<string, ShapeFacts>>;
}
