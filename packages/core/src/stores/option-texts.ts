// What the texts of variables stand for. A text that stands for nothing stays as it is, and the
// rule of its option refuses it.

/** `true` and `false`. */
export function flagIn(text: string): unknown {
  if (text === 'false') return false
  return text === 'true' ? true : text
}

/** A number. */
export function numberIn(text: string): unknown {
  return Number(text)
}

/** Texts separated by commas. */
export function listIn(text: string): unknown {
  return text.split(',').map((part) => part.trim())
}
