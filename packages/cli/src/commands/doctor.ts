import type { ConnectOptions, Stores } from '@headwater/core'
import type { HeadwaterConfig } from '../config/config.ts'
import { unreadyStores } from '../config/open-stores.ts'
import { type Check, type Examination, worstOf } from '../doctor/check.ts'
import { examine, type Examiner } from '../doctor/examine.ts'
import { judge } from '../doctor/judge.ts'
import { mongodbExaminer } from '../doctor/mongodb-examiner.ts'
import { pineconeExaminer } from '../doctor/pinecone-examiner.ts'
import { postgresExaminer } from '../doctor/postgres-examiner.ts'
import { processExamination } from '../doctor/process-examination.ts'
import { redisExaminer } from '../doctor/redis-examiner.ts'
import { ReplicaWatch } from '../doctor/replica-check.ts'
import { withRunbooks } from '../doctor/runbooks.ts'
import { Stalls } from '../doctor/stalls.ts'
import type { Paint, Tone } from '../terminal/paint.ts'
import { counted, duration } from '../terminal/words.ts'
import { once } from '../once.ts'
import type { Command, Outcome } from './command.ts'

/** `headwater doctor`: every store at once, each within the same deadline. */
export const doctor: Command = async (invocation) => {
  const { terminal, options } = invocation
  const { clock } = terminal
  const startedMs = clock.monotonic()
  const config = await invocation.config()
  const deadlineMs = options['deadline'] as number
  const deps = { env: terminal.env, secrets: invocation.secrets }
  const replicas = new ReplicaWatch(clock)
  const { stores, connect } = await unreadyStores(config, deps, (given) => replicas.prepare(given))
  const endMs = startedMs + deadlineMs
  const stalls = new Stalls(clock)
  try {
    const shared = { stores, connect, replicas, config, deadlineMs, endMs }
    const examined = await Promise.all(
      examinersOf(shared).map((examiner) => examine(examiner, { clock, deadlineMs })),
    )
    const judged = judge([processExamination(), ...examined], {
      ...{ deadlineMs, stalledMs: stalls.stalledMs },
    })
    return outcomeOf(judged.map(withRunbooks), Math.round(clock.monotonic() - startedMs))
  } finally {
    stalls.end()
    await stores.close({ deadlineMs: closeMs }).unwrapOr(undefined)
  }
}

function outcomeOf(examinations: readonly Examination[], durationMs: number): Outcome {
  const status = worstOf(examinations)
  return {
    data: { status, durationMs, examinations },
    text: (paint) => textOf(examinations, durationMs, paint),
    isFinding: status !== 'ok',
  }
}

/** Stores that hang are not waited for at the end either, in milliseconds. */
const closeMs = 100

interface ExaminerDeps {
  readonly stores: Stores
  readonly connect: ConnectOptions | undefined
  readonly replicas: ReplicaWatch
  readonly config: HeadwaterConfig
  readonly deadlineMs: number
  readonly endMs: number
}

function examinersOf({ connect, config, ...deps }: ExaminerDeps): readonly Examiner[] {
  const { stores } = deps
  const { mongodb, pinecone } = stores
  const { migrate = {} } = config
  const activity = once(async () => (await config.services?.(stores))?.activity)
  return [
    postgresExaminer({ ...deps, migrate, activity, connect: connect?.postgres }),
    redisExaminer(stores),
    ...(mongodb === undefined ? [] : [mongodbExaminer(mongodb, stores)]),
    ...(pinecone === undefined ? [] : [pineconeExaminer(pinecone)]),
  ]
}

const names = {
  process: 'This process',
  postgres: 'PostgreSQL',
  redis: 'Redis',
  mongodb: 'MongoDB',
  pinecone: 'Pinecone',
  openai: 'OpenAI',
} as const satisfies Record<Examination['subject'], string>

const marks = {
  ok: ['✓', 'good'],
  warning: ['!', 'doubtful'],
  failed: ['✗', 'bad'],
  unknown: ['?', 'quiet'],
} as const satisfies Record<Check['status'], readonly [sign: string, tone: Tone]>

function textOf(examinations: readonly Examination[], durationMs: number, paint: Paint): string {
  const sections = examinations.map((examination) => sectionOf(examination, paint))
  const checks = examinations.flatMap((examination) => examination.checks)
  const [down = 0, slow = 0] = (['down', 'slow'] as const).map(
    (status) => examinations.filter((one) => one.status === status).length,
  )
  const [failed, warnings] = (['failed', 'warning'] as const).map(
    (status) => checks.filter((check) => check.status === status).length,
  )
  const stores = `${counted(down, 'store')} down${slow === 0 ? '' : `, ${slow} slow`}`
  const sum = `${stores}, ${failed} failed, ${counted(warnings ?? 0, 'warning')}`
  return [...sections, paint('quiet', `${sum}, in ${duration(durationMs)}`)].join('\n\n')
}

function sectionOf(examination: Examination, paint: Paint): string {
  const { subject, status, version = '', latencyMs, error = '', runbook, checks } = examination
  const title = paint('strong', names[subject])
  if (status !== 'up') {
    const head = `${title}  ${paint(status === 'down' ? 'bad' : 'doubtful', status)}  ${error}`
    return [head, ...hintsOf([runbook], paint)].join('\n')
  }
  const speed = latencyMs === undefined ? '' : duration(latencyMs)
  const head = [title, version, paint('quiet', speed)].filter((text) => text !== '').join('  ')
  return [head, ...checks.map((check) => lineOf(check, paint))].join('\n')
}

function lineOf({ name, status, message, fix, runbook }: Check, paint: Paint): string {
  const [sign, tone] = marks[status]
  const line = `  ${paint(tone, sign)} ${name.padEnd(nameWidth)} ${message}`
  return [line, ...hintsOf([fix, runbook], paint)].join('\n')
}

function hintsOf(hints: readonly (string | undefined)[], paint: Paint): readonly string[] {
  return hints.flatMap((hint) =>
    hint === undefined ? [] : `${' '.repeat(nameWidth + 5)}${paint('quiet', hint)}`,
  )
}

const nameWidth = 'replication-slots'.length
