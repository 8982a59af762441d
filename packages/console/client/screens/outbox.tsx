import { useSignal } from '@preact/signals'
import type { LetterGroup, OutboxScreen, SinkState } from '../../src/contract/screens.ts'
import { bytes, counted, dateAndTime, duration, number } from '../format.ts'
import { useLive } from '../live.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Facts } from '../parts/facts.tsx'
import { Available, LiveView, Part } from '../parts/part.tsx'
import { Table } from '../parts/table.tsx'
import { Letters } from './letters.tsx'
import { ShardMap } from './shard-map.tsx'

const everyMs = 3_000

/** Sinks and shards, and what the sinks could not take. */
export function Outbox() {
  const live = useLive<OutboxScreen>('outbox', everyMs)
  return (
    <LiveView live={live.value}>
      {({ status, shards, groups }) => (
        <>
          <Part title="Sinks">
            <Available of={status}>{(data) => <Sinks status={data} />}</Available>
          </Part>
          <Part title="Shards">
            <Available of={shards}>{(all) => <ShardMap shards={all} />}</Available>
          </Part>
          <Part title="Dead letters">
            <Available of={groups}>{(all) => <Groups groups={all} />}</Available>
          </Part>
        </>
      )}
    </LiveView>
  )
}

type Status = Extract<OutboxScreen['status'], { readonly isAvailable: true }>['data']

function Sinks({ status }: { readonly status: Status }) {
  const { sinks, tickAgeMs, logBytes, oldestSnapshot } = status
  return (
    <>
      <Table
        label="Sinks"
        rows={sinks}
        keyOf={({ sink }) => sink}
        empty="No sink has run yet. Is a relay started?"
        columns={[
          { title: 'Sink', of: ({ sink }) => <b>{sink}</b> },
          { title: 'Lag', of: ({ lagMs }) => duration(lagMs), isNumber: true },
          { title: 'Events', of: ({ lagEvents }) => number(lagEvents), isNumber: true },
          { title: 'Parked', of: ({ parked }) => number(parked), isNumber: true },
          { title: 'Dead', of: ({ dead }) => number(dead), isNumber: true },
          { title: 'Owners', of: ownersOf },
        ]}
      />
      <Facts
        of={{
          'Newest tick': `${duration(Math.max(0, tickAgeMs))} ago`,
          'Size of the log': bytes(logBytes),
          'Oldest snapshot': snapshotOf(oldestSnapshot),
        }}
      />
    </>
  )
}

function ownersOf({ owners, unowned, holdsPurge }: SinkState) {
  const alive = owners.filter(({ isAlive }) => isAlive)
  return (
    <>
      {alive.map(({ owner, shards, fence }) => (
        <div key={owner}>
          <code>{owner}</code> {counted(shards, 'shard')}, fence {fence}
        </div>
      ))}
      {unowned > 0 && <div class="reason">{counted(unowned, 'shard')} without an owner</div>}
      {holdsPurge && <div class="reason">keeps the log from being purged</div>}
    </>
  )
}

/** Those of a moment, the console's own among them, hold nothing up. */
const holdsUpMs = 1_000

function snapshotOf(holder: Status['oldestSnapshot']): string {
  if (holder === undefined || holder.openMs < holdsUpMs) return 'none older than a second'
  const { pid, application, state, openMs } = holder
  return `${duration(openMs)}, held by ${application || 'an unnamed session'} (pid ${pid}, ${state})`
}

function Groups({ groups }: { readonly groups: readonly LetterGroup[] }) {
  const open = useSignal<string | undefined>(undefined)
  if (groups.length === 0) return <p class="quiet">None: every event was taken.</p>
  return (
    <ul class="groups">
      {groups.map((group) => {
        const { sink, fingerprint, count, aggregates, message, firstAt, lastAt } = group
        const key = `${sink} ${fingerprint}`
        const input = { sink, fingerprint }
        return (
          <li key={key} class="card">
            <h3>
              {counted(count, 'event')} for {sink}
            </h3>
            <p class="reason">{message}</p>
            <p class="quiet">
              {counted(aggregates, 'aggregate')}, {dateAndTime(firstAt)} to {dateAndTime(lastAt)},
              fingerprint <code>{fingerprint.slice(0, 12)}</code>
            </p>
            <p class="buttons">
              <button
                type="button"
                class="plain"
                aria-expanded={open.value === key}
                onClick={() => (open.value = open.value === key ? undefined : key)}
              >
                {open.value === key ? 'Hide events' : 'Show events'}
              </button>
              <ActButton
                label="Replay all"
                action="outbox/replay"
                input={input}
                question={`Deliver ${counted(count, 'event')} to ${sink} again?`}
              />
              <ActButton
                label="Discard all"
                action="outbox/discard"
                input={{ ...input, atMost: count }}
                isDanger
                question={`Drop ${counted(count, 'event')} for ${sink}, for good?`}
              />
            </p>
            {open.value === key && <Letters sink={sink} fingerprint={fingerprint} />}
          </li>
        )
      })}
    </ul>
  )
}
