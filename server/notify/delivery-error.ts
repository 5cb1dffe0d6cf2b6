/** Something could not be delivered. `isFinal`: it would not be the next time either. */
export class DeliveryError extends Error {
  readonly isFinal: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isFinal?: boolean } = {}) {
    super(message, options);
    this.name = 'DeliveryError';
    this.isFinal = options.isFinal ?? false;
  }
}
