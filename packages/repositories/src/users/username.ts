import * as z from 'zod/mini'
import { once, storableText } from '@headwater/core'

/** Letters, marks, digits and a few signs; no space at an edge, no two spaces in a row. */
const readable = /^(?! )(?!.* $)(?!.* {2})[\p{L}\p{M}\p{N} ._'@+-]+$/u

/** Characters that a font may leave out, some of them letters by their category. */
const invisible = /\p{Default_Ignorable_Code_Point}/u

const alike = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
]

/**
 * Checks a new username and brings it to normal form NFKC. A name must look different from every
 * other one, since people tell users apart by it: no invisible characters, no edges of white space,
 * and no mix of scripts whose letters look alike (`admin` with a Cyrillic а). Names that differ in
 * case or normal form are one name.
 */
export const username = once(() =>
  z
    .pipe(
      storableText(100),
      z.transform((name) => name.normalize('NFKC')),
    )
    .check(
      z.refine(
        (name) => name.length <= 100,
        'must have at most 100 characters in normal form NFKC',
      ),
      z.refine(
        (name) => readable.test(name) && !invisible.test(name),
        "must be letters, digits, single spaces and . _ ' @ + -, without a space at an edge",
      ),
      z.refine(
        (name) => alike.filter((script) => script.test(name)).length <= 1,
        'must not mix Latin, Cyrillic, Greek, Armenian or Cherokee letters',
      ),
    ),
)
