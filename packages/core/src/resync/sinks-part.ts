import type { Failure } from '../errors.ts'
import { failureIn } from '../failure/failure-error.ts'
import { withCause } from '../failure/with-cause.ts'
import type { Sink } from '../outbox/sink.ts'
import { err, ok, okAsync, ResultAsync, type Result } from '../result.ts'
import { quietError } from '../stores/quiet-error.ts'
import type { Resyncable, ResyncFinding, Restore } from './resyncable.ts'

type ToldSink = Sink & Required<Pick<Sink, 'restored'>>

/** The sinks that want to hear of a restore. */
export function sinksPart(sinks: readonly Sink[]): Resyncable {
  const told = sinks.filter((sink): sink is ToldSink => sink.restored !== undefined)
  const findings = told.map(({ name }): ResyncFinding => ({
    what: `sink ${name}`,
    outcome: 'told',
  }))
  const nothing = { plan: () => okAsync([]), apply: () => okAsync([]) }
  return {
    name: 'sinks',
    store: 'postgres',
    afterRestore: (restore) => ({
      plan: () => okAsync(findings),
      apply: () => new ResultAsync(tellAll(told, restore)).map(() => findings),
    }),
    afterLoss: () => nothing,
  }
}

async function tellAll(
  sinks: readonly ToldSink[],
  { restoredTo, openedAt }: Restore,
): Promise<Result<void, Failure<string>>> {
  const outcomes = await Promise.allSettled(
    sinks.map(async (sink) => sink.restored({ restoredTo, openedAt })),
  )
  for (const [at, outcome] of outcomes.entries())
    if (outcome.status === 'rejected')
      return err(failureOf(sinks[at]?.name ?? '', outcome.reason as unknown))
  return ok(undefined)
}

function failureOf(sink: string, error: unknown): Failure<string> {
  const message = `the sink ${sink} threw when it was told of the restore`
  return (
    failureIn(error) ??
    withCause({ type: 'sink-failed', retryable: true, message }, quietError(error))
  )
}
