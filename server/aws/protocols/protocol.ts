import type { AwsError, AwsOutput } from '../aws-call.ts';
import type { AwsInput } from '../input-reader.ts';
import type { ErrorModel, Operation, StructureShape } from '../model.ts';

/** How a service's inputs, outputs and errors are written as bytes. One object a protocol; it knows no sockets. */
export interface AwsProtocol {
  /** `Content-Type` of its answers. */
  readonly contentType: string;
  /** Largest request body. */
  readonly maxBodyBytes: number;
  /**
   * Reads the body into the operation's input, by types only; members of headers are the frame's work. Throws AwsError
   * `SerializationException`.
   */
  readInput(operation: Operation, body: Uint8Array): AwsInput;
  /** Writes the members of the output that the model knows. */
  writeOutput(operation: Operation, output: AwsOutput): Uint8Array;
  /** Writes a document of a shape: an event of an output stream. */
  writeStructure(shape: StructureShape, value: AwsOutput): Uint8Array;
  /** Writes the body of an error; its name also goes into a header. `model`: none for errors that every service has. */
  writeError(error: AwsError, model: ErrorModel | undefined): Uint8Array;
}
