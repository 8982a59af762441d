import type { ConnectOptions, MigrateOptions, Stores } from '@headwater/core'
import { unreadyStores } from '../config/open-stores.ts'
import { type Check, type Examination, worstOf } from '../doctor/check.ts'
import { examine, type Examiner } from '../doctor/examine.ts'
import { mongodbExaminer } from '../doctor/mongodb-examiner.ts'
import { pineconeExaminer } from '../doctor/pinecone-examiner.ts'
import { postgresExaminer } from '../doctor/postgres-examiner.ts'
import { processExamination } from '../doctor/process-examination.ts'
import { redisExaminer } from '../doctor/redis-examiner.ts'
import { ReplicaWatch } from '../doctor/replica-check.ts'
import type { Paint, Tone } from '../terminal/paint.ts'
import { counted, duration } from '../terminal/words.ts'
import type { Command } from './command.ts'

/** `headwater doctor`: every store at once, each within the same deadline. */
export const doctor: Command = async (invocation) => {
  const { terminal, options } = invocation
  const startedMs = terminal.clock.monotonic()
  const config = await invocation.config()
  const deadlineMs = options['deadline'] as number
  const deps = { env: terminal.env, secrets: invocation.secrets }
  const replicas = new ReplicaWatch(terminal.clock)
  const { stores, connect } = await unreadyStores(config, deps, (given) => replicas.prepare(given))
  const endMs = startedMs + deadlineMs
  try {
    const { migrate = {} } = config
    const shared = { stores, connect, replicas, migrate, deadlineMs, endMs }
    const examined = examinersOf(shared).map((examiner) =>
      examine(examiner, { clock: terminal.clock, deadlineMs }),
    )
    const examinations = [processExamination(), ...(await Promise.all(examined))]
    const status = worstOf(examinations)
    const durationMs = Math.round(terminal.clock.monotonic() - startedMs)
    return {
      data: { status, durationMs, examinations },
      text: (paint) => textOf(examinations, durationMs, paint),
      isFinding: status !== 'ok',
    }
  } finally {
    await stores.close({ deadlineMs: closeMs }).unwrapOr(undefined)
  }
}

/** Stores that hang are not waited for at the end either, in milliseconds. */
const closeMs = 100

interface ExaminerDeps {
  readonly stores: Stores
  readonly connect: ConnectOptions | undefined
  readonly replicas: ReplicaWatch
  readonly migrate: MigrateOptions
  readonly deadlineMs: number
  readonly endMs: number
}

function examinersOf({ connect, ...deps }: ExaminerDeps): readonly Examiner[] {
  const { stores } = deps
  const { mongodb, pinecone } = stores
  return [
    postgresExaminer({ ...deps, connect: connect?.postgres }),
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
  const down = examinations.filter(({ status }) => status === 'down').length
  const [failed, warnings] = (['failed', 'warning'] as const).map(
    (status) => checks.filter((check) => check.status === status).length,
  )
  const sum = `${counted(down, 'store')} down, ${failed} failed, ${counted(warnings ?? 0, 'warning')}`
  return [...sections, paint('quiet', `${sum}, in ${duration(durationMs)}`)].join('\n\n')
}

function sectionOf(examination: Examination, paint: Paint): string {
  const { subject, status, version = '', latencyMs, error = '', checks } = examination
  const title = paint('strong', names[subject])
  if (status === 'down') return `${title}  ${paint('bad', 'down')}  ${error}`
  const speed = latencyMs === undefined ? '' : duration(latencyMs)
  const head = [title, version, paint('quiet', speed)].filter((text) => text !== '').join('  ')
  return [head, ...checks.map((check) => lineOf(check, paint))].join('\n')
}

function lineOf({ name, status, message, fix }: Check, paint: Paint): string {
  const [sign, tone] = marks[status]
  const line = `  ${paint(tone, sign)} ${name.padEnd(nameWidth)} ${message}`
  return fix === undefined ? line : `${line}\n${' '.repeat(nameWidth + 5)}${paint('quiet', fix)}`
}

const nameWidth = 'replication-slots'.length
