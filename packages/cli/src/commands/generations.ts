import type { ActivatedGeneration, ActivateOptions, GenerationStatus } from '@headwater/search'
import type { Paint } from '../terminal/paint.ts'
import { table } from '../terminal/table.ts'
import { count, counted, moment } from '../terminal/words.ts'
import { type Command, type Invocation, type Outcome, plan, valueOf } from './command.ts'
import { serviceOf } from './service-of.ts'
import { UsageError } from './usage-error.ts'

/** `headwater search generations list` */
export const list: Command = async (invocation) => {
  const { generations } = (await serviceOf(invocation, 'search')).index
  const found = valueOf(await generations.list())
  return { data: { generations: found }, text: (paint) => textOf(found, paint) }
}

/** `headwater search generations activate` */
export const activate: Command = async (invocation) => {
  const { index } = await serviceOf(invocation, 'search')
  const [generation] = invocation.args as readonly [string | undefined]
  const options = { ...coverageIn(invocation), ...(generation === undefined ? {} : { generation }) }
  return switched(invocation, generation ?? 'the one of the configuration', () =>
    index.generations.activate(options),
  )
}

/** `headwater search generations rollback` */
export const rollback: Command = async (invocation) => {
  const { index } = await serviceOf(invocation, 'search')
  return switched(invocation, 'the last one that stands by', () =>
    index.generations.rollback(coverageIn(invocation)),
  )
}

/** `headwater search generations cleanup` */
export const cleanup: Command = async (invocation) => {
  const { generations } = (await serviceOf(invocation, 'search')).index
  const [generation] = invocation.args as readonly [string | undefined]
  const found = valueOf(await generations.list())
  const doomed = found.filter(({ name, state }) =>
    generation === undefined
      ? state === 'standby' || state === 'retired'
      : name === generation && state !== 'active',
  )
  const names = doomed.map(({ name }) => name)
  if (names.length === 0) return nothingToRemove(generation)
  if (invocation.options['yes'] !== true)
    return plan(
      { generations: doomed },
      (paint) => `${textOf(doomed, paint)}\nWould remove these with their vectors, for good.`,
    )
  const { removed } = valueOf(
    await generations.cleanup(generation === undefined ? {} : { generation }),
  )
  return {
    data: { generations: names, removed, isApplied: true },
    text: () =>
      `${counted(names.length, 'generation')} with ${counted(removed, 'vector')} removed.`,
  }
}

/** Nothing is asked of the index either: another generation may stand by a moment later. */
function nothingToRemove(generation: string | undefined): Outcome {
  if (generation !== undefined)
    throw new UsageError(`there is no generation ${generation}, or it is the active one`)
  const data = { generations: [], removed: 0, isApplied: false }
  return { data, text: () => 'No generation stands by.' }
}

type Switch = () => ReturnType<
  Awaited<ReturnType<typeof serviceOf<'search'>>>['index']['generations']['activate']
>

async function switched(invocation: Invocation, which: string, toggle: Switch): Promise<Outcome> {
  if (invocation.options['yes'] !== true) {
    const { generations } = (await serviceOf(invocation, 'search')).index
    const found = valueOf(await generations.list())
    return plan(
      { generations: found },
      (paint) => `${textOf(found, paint)}\nWould verify ${which}, and make queries use it.`,
    )
  }
  const done: ActivatedGeneration = valueOf(await toggle())
  const { generation: name, report, repaired } = done
  const held = `${count(report.courses)} courses, ${counted(repaired, 'course')} repaired`
  return { data: { ...done, isApplied: true }, text: () => `Queries use ${name}: ${held}.` }
}

function coverageIn({ options }: Invocation): Pick<ActivateOptions, 'minCoverage'> {
  return { minCoverage: options['minCoverage'] as number }
}

function textOf(generations: readonly GenerationStatus[], paint: Paint): string {
  if (generations.length === 0) return 'There is no generation yet.'
  const rows = generations.map(({ name, state, model, dimensions, template, createdAt }) => [
    state === 'active' ? paint('good', name) : name,
    state,
    model,
    dimensions,
    template,
    moment(createdAt),
  ])
  const headings = ['generation', 'state', 'model', 'dimensions', 'template', 'registered']
  return table(paint, headings, rows)
}
