/** The values that RTMP's commands and metadata are made of, however they are written (amf0.ts, amf3.ts). */

/** Properties by name, in wire order. Has no prototype, so that no name is special. */
export interface AmfObject {
  [name: string]: AmfValue;
}

export type AmfValue =
  | number
  | boolean
  | string
  | null
  | undefined
  | Date
  | EcmaArray
  | AmfValue[]
  | AmfObject;

/** §2.10: an object that also states how many properties it has; onMetaData is one. */
export class EcmaArray {
  readonly properties: AmfObject;

  constructor(properties: AmfObject) {
    this.properties = properties;
  }
}

/** An object without a prototype, for values that arrive from a peer. */
export function amfObject(): AmfObject {
  return Object.create(null) as AmfObject;
}

/** The named values of an object or ECMA array; `undefined` for every other value. */
export function amfProperties(value: AmfValue): AmfObject | undefined {
  if (value instanceof EcmaArray) return value.properties;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Date)
    return undefined;
  return value;
}
