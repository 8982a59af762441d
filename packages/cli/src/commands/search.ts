import type { IndexDifference, RepairReport, StatusSummary, VerifyReport } from '@headwater/search'
import type { Paint } from '../terminal/paint.ts'
import { Progress } from '../terminal/progress.ts'
import { pairs, table } from '../terminal/table.ts'
import { count, counted, moment } from '../terminal/words.ts'
import { type Command, type Outcome, plan, valueOf } from './command.ts'
import { type IndexSink, indexSinksOf, reasonsToDiffer } from './index-sinks.ts'
import { serviceOf } from './service-of.ts'
import { UsageError } from './usage-error.ts'

/** `headwater search status` */
export const status: Command = async (invocation) => {
  const { index } = await serviceOf(invocation, 'search')
  const [id] = invocation.args as readonly [string | undefined]
  if (id === undefined) return summaryOutcome(valueOf(await index.summary()))
  if (!/^\d+$/.test(id)) throw new UsageError(`the id of a course is a number: got ${id}`)
  const course = valueOf(await index.status(Number(id)))
  const { changedAt, reason, indexedVersion = 'none' } = course
  return {
    data: { course },
    text: (paint) =>
      pairs(paint, [
        ['course', course.courseId],
        ['state', course.state],
        ['version', course.version],
        ['in the index', indexedVersion],
        ...(changedAt === undefined ? [] : [['since', moment(changedAt)] as const]),
        ...(reason === undefined ? [] : [['reason', reason] as const]),
      ]),
  }
}

/** `headwater search verify` */
export const verify: Command = async (invocation) => {
  const { index } = await serviceOf(invocation, 'search')
  const { terminal, options } = invocation
  const sinks = await indexSinksOf(invocation)
  const progress = new Progress(terminal, { verb: 'compared', things: 'courses and records' })
  const result = await index.verify({
    ...generationIn(options),
    maxListed: options['limit'] as number,
    signal: terminal.interrupted(),
    onProgress: ({ courses, records, total }) => {
      progress.update(courses + records, total)
    },
  })
  progress.end()
  const report = valueOf(result)
  return {
    data: { ...report, sinks },
    text: (paint) => verifyText(report, sinks, paint),
    isFinding: !report.isInSync,
  }
}

/** `headwater search repair` */
export const repair: Command = async (invocation) => {
  const { index } = await serviceOf(invocation, 'search')
  const { terminal, options } = invocation
  const asked = { ...generationIn(options), limit: options['limit'] as number }
  if (options['yes'] !== true) return repairPlan(valueOf(await index.repair(asked)))
  const progress = new Progress(terminal, { verb: 'repaired', things: 'differences' })
  const result = await index.repair({
    ...asked,
    apply: true,
    signal: terminal.interrupted(),
    onProgress: ({ done, total }) => {
      progress.update(done, total)
    },
  })
  progress.end()
  const report = valueOf(result)
  const { repaired, failed, isComplete } = report
  return {
    data: report,
    text: () =>
      [
        `${counted(repaired, 'difference')} repaired.`,
        ...failed.map(({ courseId, reason }) => `course ${courseId} cannot be indexed: ${reason}`),
        ...(isComplete ? [] : ['There are more: run the command again to go on.']),
      ].join('\n'),
    isFinding: failed.length > 0 || !isComplete,
  }
}

/** `headwater search reindex` */
export const reindex: Command = async (invocation) => {
  const { index } = await serviceOf(invocation, 'search')
  const { terminal, options } = invocation
  const progress = new Progress(terminal, { verb: 'indexed', things: 'courses' })
  const result = await index.reindexAll({
    ...generationIn(options),
    fromStart: options['fromStart'] === true,
    signal: terminal.interrupted(),
    onProgress: ({ done, total }) => {
      progress.update(done, total)
    },
  })
  progress.end()
  const report = valueOf(result)
  const { counts, failed, isComplete, isResumed, generation } = report
  const outcomes = Object.entries(counts).map(([outcome, n]) => `${count(n)} ${outcome}`)
  return {
    data: report,
    text: () =>
      [
        `${generation}${isResumed ? ', continued' : ''}: ${outcomes.join(', ')}.`,
        ...failed.map(({ courseId, reason }) => `course ${courseId} cannot be indexed: ${reason}`),
        ...(isComplete ? [] : ['Interrupted: run the command again to go on from here.']),
      ].join('\n'),
    isFinding: failed.length > 0 || !isComplete,
  }
}

function generationIn(options: Readonly<Record<string, unknown>>) {
  const { generation } = options as { generation?: string }
  return generation === undefined ? {} : { generation }
}

function repairPlan(report: RepairReport): Outcome {
  const { differences, isComplete } = report
  if (differences.length === 0)
    return { data: report, text: (paint) => paint('good', 'Nothing differs.') }
  const what = `Would repair ${counted(differences.length, 'difference')}`
  return plan(report, (paint) =>
    [
      differencesText(differences, paint),
      isComplete ? `${what}.` : `${what}; there are more, for the next run.`,
    ].join('\n'),
  )
}

function summaryOutcome(summary: StatusSummary): Outcome {
  const { pending, synced, failed, failures } = summary
  return {
    data: summary,
    text: (paint) =>
      [
        pairs(paint, [
          ['synced', count(synced)],
          ['pending', count(pending)],
          ['failed', count(failed)],
        ]),
        ...failures.map(({ courseId, reason = '' }) => `course ${courseId}: ${reason}`),
      ].join('\n'),
  }
}

function verifyText(report: VerifyReport, sinks: readonly IndexSink[], paint: Paint): string {
  const { courses, records, coverage, missing, orphaned, stale, wrongGeneration } = report
  const differences = missing + orphaned + stale + wrongGeneration
  const verdict = report.isInSync
    ? paint('good', 'The index says what PostgreSQL says.')
    : paint('bad', `${count(differences)} differ from PostgreSQL: headwater search repair`)
  return [
    pairs(paint, [
      ['generation', report.generation],
      ['courses', count(courses)],
      ['records', count(records)],
      ['coverage', `${Math.floor(coverage * 1_000) / 10} %`],
      ['missing', count(missing)],
      ['orphaned', count(orphaned)],
      ['stale', count(stale)],
      ['of another generation', count(wrongGeneration)],
    ]),
    ...(report.differences.length === 0 ? [] : [differencesText(report.differences, paint)]),
    report.isComplete ? verdict : paint('doubtful', 'Interrupted: not everything was compared.'),
    ...reasonsToDiffer(sinks, paint),
  ].join('\n')
}

function differencesText(differences: readonly IndexDifference[], paint: Paint): string {
  const rows = differences.map(({ kind, recordId, courseId }) => [kind, recordId, courseId ?? ''])
  return table(paint, ['difference', 'record', 'course'], rows)
}
