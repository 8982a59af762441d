import type { OutboxScreen, SinkState } from '../../src/contract/outbox-screen.ts'
import { bytes, counted, duration, number } from '../format.ts'
import { useLive } from '../live.ts'
import { Facts } from '../parts/facts.tsx'
import { Available, LiveView, Part } from '../parts/part.tsx'
import { Table } from '../parts/table.tsx'
import { Groups } from './failure-groups.tsx'
import { ShardMap } from './shard-map.tsx'

const everyMs = 3_000

/** Sinks and shards, and what the sinks could not take. */
export function Outbox() {
  const live = useLive<OutboxScreen>('outbox', everyMs)
  return (
    <LiveView live={live.value}>
      {({ status, shards, dead, waiting }) => (
        <>
          <Part title="Sinks">
            <Available of={status}>{(data) => <Sinks status={data} />}</Available>
          </Part>
          <Part title="Shards">
            <Available of={shards}>{(all) => <ShardMap shards={all} />}</Available>
          </Part>
          <Part title="Dead letters">
            <Available of={dead}>
              {(found) => (
                <Groups of={found} empty="None: every event was taken, or will be tried again." />
              )}
            </Available>
          </Part>
          <Part title="Waiting for another attempt">
            <Available of={waiting}>
              {(found) => <Groups of={found} empty="None: no sink failed for now." />}
            </Available>
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
