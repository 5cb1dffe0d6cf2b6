/** A pattern of a model, ready to be asked whether a whole value fits it. */
export interface Pattern {
  /** As the model has it, for messages. */
  readonly source: string;
  /** Time: linear in the length for most patterns, at worst quadratic. */
  matches(text: string): boolean;
}

const LINE_END = /[\n\r\u2028\u2029]/;
/** A piece whose length is fixed: no alternatives, and no repetition but `{n}`. */
const FIXED_LENGTH = /^(?:[^*+?|(){}]|\{\d+\})*$/;

/**
 * Compiles a model's pattern, which is Java's dialect and means the whole value.
 *
 * ARN patterns string several `.*` together (`arn:aws.*:kinesis:.*:\d{12}:.*stream/\S+`): as one expression they take cubic
 * time, 0.1 s for a hostile value of 2 KB. They are cut at each `.*` into pieces that are found one behind the other:
 * since the pieces between have a fixed length, the first place that fits is as good as any later one.
 */
export function compilePattern(source: string): Pattern {
  const body = source.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
  const pieces = body.split('.*');
  if (pieces.length <= 2) {
    const whole = new RegExp(`^(?:${body})$`, 'u');
    return { source, matches: (text) => whole.test(text) };
  }
  const [first = '', ...between] = pieces;
  const last = between.pop() ?? '';
  const unfit = between.find((piece) => !FIXED_LENGTH.test(piece));
  if (unfit !== undefined) throw new Error(`the pattern ${source} cannot be matched in pieces: ${unfit}`);
  const head = new RegExp(`^(?:${first})`, 'u');
  const middle = between.map((piece) => new RegExp(piece, 'gu'));
  const tail = new RegExp(`(?:${last})$`, 'gu');
  return {
    source,
    matches(text) {
      const start = head.exec(text);
      // A dot matches no end of a line.
      if (start === null || LINE_END.test(text)) return false;
      let at = start[0].length;
      for (const piece of [...middle, tail]) {
        piece.lastIndex = at;
        if (!piece.test(text)) return false;
        at = piece.lastIndex;
      }
      return true;
    },
  };
}
