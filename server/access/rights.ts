import type { Right } from '../catalog/catalog.ts';
import type { Wish } from './access.ts';

/** Does `text` match `pattern`, where `*` stands for any run of characters, also none? Linear in practice, no regex. */
export function matchesPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  /** Where to go on when a literal fails: behind the last star, which then swallows one character more. */
  let starAt = -1;
  let swallowedTo = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      starAt = p++;
      swallowedTo = t;
    } else if (pattern[p] === text[t]) {
      p++;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++swallowedTo;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Do the rights of a key fulfil the wish? Keys have no time bounds: who may view a stream may view all of it. */
export function allows(rights: readonly Right[], wish: Wish): boolean {
  return rights.some((right) => {
    if (right.action === 'admin') return true;
    return right.action === wish.action && matchesPattern(right.stream, wish.stream);
  });
}

/** A right in words, for lists: `admin`, `publish cam-*`. */
export function describeRight(right: Right): string {
  return right.action === 'admin' ? 'admin' : `${right.action} ${right.stream}`;
}
