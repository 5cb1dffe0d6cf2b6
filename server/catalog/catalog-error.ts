export type CatalogErrorCode =
  | 'already-exists'
  | 'not-found'
  | 'conflict'
  | 'too-many'
  | 'too-new'
  | 'damaged'
  | 'in-use';

/** What a catalog refuses, or cannot do. */
export class CatalogError extends Error {
  readonly code: CatalogErrorCode;

  constructor(code: CatalogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CatalogError';
    this.code = code;
  }
}
