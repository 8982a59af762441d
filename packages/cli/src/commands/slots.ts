import { dropSlot, selectSlots, type SlotRow } from '../doctor/postgres-queries.ts'
import { table } from '../terminal/table.ts'
import { bytes } from '../terminal/words.ts'
import { type Command, CommandFailed, type Invocation, plan, valueOf } from './command.ts'

/** `headwater slots list` */
export const list: Command = async (invocation) => {
  const slots = await slotsOf(invocation)
  return {
    data: { slots },
    text: (paint) =>
      slots.length === 0
        ? 'There is no replication slot.'
        : table(
            paint,
            ['slot', 'kind', 'database', 'read', 'holds back', 'log'],
            slots.map(({ slot, kind, database, isActive, retainedBytes, walStatus }) => [
              slot,
              kind,
              database ?? '–',
              isActive ? 'yes' : paint('doubtful', 'no'),
              bytes(retainedBytes),
              walStatus ?? '–',
            ]),
          ),
  }
}

/** `headwater slots drop` */
export const drop: Command = async (invocation) => {
  const { args, options, open } = invocation
  const [name] = args as readonly [string]
  const slots = await slotsOf(invocation)
  const found = slots.find(({ slot }) => slot === name)
  if (found === undefined) throw failed('not-found', `there is no replication slot ${name}`)
  if (found.isActive) throw failed('slot-active', `${name} is read: stop its reader first`)
  const { kind, retainedBytes } = found
  if (options['yes'] !== true)
    return plan(
      found,
      () =>
        `Would drop the ${kind} slot ${name}, which holds back ${bytes(retainedBytes)}.\n` +
        'A standby or connector that used it has to be set up anew.',
    )
  const { stores } = await open()
  const { rows } = valueOf(await stores.postgres.query(dropSlot, [name]))
  if (rows.length === 0) throw failed('slot-active', `${name} is read or gone: see slots list`)
  return {
    data: { ...found, isApplied: true },
    text: (paint) => paint('good', `The slot ${name} was dropped.`),
  }
}

async function slotsOf({ open }: Invocation) {
  const { stores } = await open()
  const { rows } = valueOf(await stores.postgres.query<SlotRow>(selectSlots))
  return rows.map(({ is_active: isActive, retained, wal_status: walStatus, ...row }) => ({
    ...{ ...row, isActive, retainedBytes: retained, walStatus },
  }))
}

function failed(type: string, message: string): CommandFailed {
  return new CommandFailed({ type, message, retryable: false })
}
