const NAME = /^(?!\.)[a-zA-Z0-9_.-]{1,256}$/;

/** Whether a stream may be called so: letters, digits, `_`, `.` and `-`, not starting with a dot (names are folders too). */
export function isStreamName(name: string): boolean {
  return NAME.test(name);
}
