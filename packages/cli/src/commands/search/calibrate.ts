import { missingTableAs } from '@headwater/core'
import { pairs } from '../../terminal/table.ts'
import { count } from '../../terminal/words.ts'
import { type Command, type Invocation, valueOf } from '../command.ts'
import { serviceOf } from '../service-of.ts'

/** `headwater search calibrate` */
export const calibrate: Command = async (invocation) => {
  const { index } = await serviceOf(invocation, 'search')
  const { generation } = invocation.options as { generation?: string }
  const floorBefore = await floorOf(generation, invocation)
  const measured = valueOf(await index.calibrate(generation === undefined ? {} : { generation }))
  const { typical, floor, courses } = measured
  const before = floorBefore === null ? 'not measured before' : `${rounded(floorBefore)} before`
  return {
    data: { ...measured, floorBefore },
    text: (paint) =>
      courses === 0
        ? 'The index holds no course: there was nothing to measure.'
        : pairs(paint, [
            ['courses', count(courses)],
            ['unrelated', `${rounded(typical)}: how similar a course is to a text without meaning`],
            ['related', `above ${rounded(floor)}: more similar than any such text`],
            ['floor', `${rounded(floor)}, ${before}; every process uses it within a minute`],
          ]),
  }
}

/** The floor that a generation has, the active one where none is named; `null` without one. */
async function floorOf(named: string | undefined, invocation: Invocation): Promise<number | null> {
  const { index } = await serviceOf(invocation, 'search')
  const { stores } = await invocation.open()
  const active = valueOf(await index.generations.list()).find(({ state }) => state === 'active')
  const values = [named ?? active?.name]
  const kept = await stores.postgres
    .query<{ floor: number }>(selectFloor, values)
    .orElse(missingTableAs({ rows: [] }))
  return valueOf(kept).rows[0]?.floor ?? null
}

/** $1 generation. */
const selectFloor = 'SELECT floor FROM @schema.search_calibration WHERE generation = $1::text'

function rounded(similarity: number): string {
  return similarity.toFixed(3)
}
