import type { CourseWordsReport } from '@headwater/search'
import type { Paint } from '../../terminal/paint.ts'
import { Progress } from '../../terminal/progress.ts'
import { pairs } from '../../terminal/table.ts'
import { count, counted } from '../../terminal/words.ts'
import { type Command, valueOf } from '../command.ts'
import { serviceOf } from '../service-of.ts'
import { UsageError } from '../usage-error.ts'

/** `headwater search words` */
export const searchWords: Command = async (invocation) => {
  const { words } = await serviceOf(invocation, 'search')
  if (words === undefined)
    throw new UsageError('this command needs a search with words, as createCourseSearch makes it')
  const { terminal, options } = invocation
  const isApplied = options['yes'] === true
  const progress = new Progress(terminal, { verb: 'compared', things: 'courses' })
  const result = await words[isApplied ? 'repair' : 'verify']({
    signal: terminal.interrupted(),
    onProgress: ({ done, total }) => {
      progress.update(done, total)
    },
  })
  progress.end()
  const report = valueOf(result)
  return {
    data: { ...report, isApplied },
    text: (paint) => textOf(report, paint),
    isFinding: !report.isInSync,
  }
}

function textOf(report: CourseWordsReport, paint: Paint): string {
  const { courses, missing, orphaned, stale } = report
  const figures = pairs(paint, [
    ['courses', count(courses)],
    ['missing', count(missing)],
    ['orphaned', count(orphaned)],
    ['stale', count(stale)],
  ])
  return `${figures}\n${verdictOf(report, paint)}`
}

function verdictOf(report: CourseWordsReport, paint: Paint): string {
  const { isComplete, isInSync, missing, orphaned, stale, repaired } = report
  if (!isComplete) return paint('doubtful', 'Interrupted: not everything was compared.')
  if (!isInSync) {
    const what = counted(missing + orphaned + stale, 'course')
    return paint('bad', `The words of ${what} differ: headwater search words --yes`)
  }
  if (repaired > 0) return paint('good', `The words of ${counted(repaired, 'course')} are renewed.`)
  return paint('good', 'The words are those of the courses.')
}
