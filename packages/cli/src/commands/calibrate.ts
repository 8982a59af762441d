import { pairs } from '../terminal/table.ts'
import { count } from '../terminal/words.ts'
import type { Command } from './command.ts'
import { valueOf } from './command.ts'
import { serviceOf } from './service-of.ts'

/** `headwater search calibrate` */
export const calibrate: Command = async (invocation) => {
  const { index } = await serviceOf(invocation, 'search')
  const { generation } = invocation.options as { generation?: string }
  const measured = valueOf(await index.calibrate(generation === undefined ? {} : { generation }))
  const { typical, floor, courses } = measured
  return {
    data: measured,
    text: (paint) =>
      courses === 0
        ? 'The index holds no course: there was nothing to measure.'
        : pairs(paint, [
            ['courses', count(courses)],
            ['unrelated', `${rounded(typical)}: how similar a course is to a text without meaning`],
            ['related', `above ${rounded(floor)}: more similar than any such text`],
          ]),
  }
}

function rounded(similarity: number): string {
  return similarity.toFixed(3)
}
