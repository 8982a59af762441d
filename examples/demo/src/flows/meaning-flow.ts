import { orThrow } from '@headwater/core'
import { check, type Flow } from '../flow.ts'
import type { Stage } from './stage.ts'

/** Questions of people who do not know what the course is called, and the course they want. */
const questions = [
  ['I lie awake every night', 'Sleep Better without Pills'],
  ['how can I lose weight', 'Nutrition Basics'],
  ['keep hackers out of my company', 'Staying Safe Online'],
] as const

const shown = 3

/** Finds courses that share no word with a question. */
export async function meaningFlow(flow: Flow, { services: { search } }: Stage): Promise<object> {
  for (const [question, wanted] of questions) {
    const byWords = await flow.step(
      { store: 'Pinecone', does: `"${question}"` },
      async ({ note, timed }) => {
        const { hits } = orThrow(await timed(() => search.search(question, { limit: 100 })))
        const found = hits.find(({ course }) => course.title === wanted)
        check(
          found !== undefined && found.rank <= shown && found.legs.lexical === undefined,
          `"${wanted}" is not among the first ${shown}, or words find it too`,
        )
        note(`finds "${wanted}", which has none of its words`)
        return hits
          .flatMap(({ course, legs: { lexical } }) =>
            lexical === undefined ? [] : [{ title: course.title, rank: lexical.rank }],
          )
          .sort((one, other) => one.rank - other.rank)
      },
    )
    const titles = byWords.slice(0, shown).map(({ title }) => title)
    flow.remark(`words alone: ${titles.length === 0 ? 'nothing' : titles.join('; ')}`)
  }
  return { questions: questions.length }
}
