import type { ShardState } from '../../src/contract/outbox-screen.ts'
import { counted } from '../format.ts'

const size = 14
const gap = 2
const perRow = 32

/** A square for each shard: owned, without an owner, or behind. */
export function ShardMap({ shards }: { readonly shards: readonly ShardState[] }) {
  const bySink = Map.groupBy(shards, ({ sink }) => sink)
  if (shards.length === 0) return <p class="quiet">No sink has run yet.</p>
  return (
    <>
      <div class="charts">
        {[...bySink].map(([sink, own]) => (
          <figure key={sink} class="shards">
            <figcaption>
              {sink}: {summaryOf(own)}
            </figcaption>
            <Squares sink={sink} shards={own} />
          </figure>
        ))}
      </div>
      <p class="quiet">
        <span class="key owned" /> owned <span class="key behind" /> behind{' '}
        <span class="key orphan" /> without an owner
      </p>
    </>
  )
}

function Squares({
  sink,
  shards,
}: {
  readonly sink: string
  readonly shards: readonly ShardState[]
}) {
  const step = size + gap
  const height = Math.ceil(shards.length / perRow) * step
  return (
    <svg
      viewBox={`0 0 ${perRow * step} ${height}`}
      role="img"
      aria-label={`Shards of ${sink}: ${summaryOf(shards)}`}
    >
      {shards.map((shard, index) => (
        <rect
          key={shard.shard}
          class={stateOf(shard)}
          x={(index % perRow) * step}
          y={Math.floor(index / perRow) * step}
          width={size}
          height={size}
          rx={3}
        >
          <title>{cursorOf(shard)}</title>
        </rect>
      ))}
    </svg>
  )
}

function cursorOf({ shard, owner, fence, tick, behind }: ShardState): string {
  const where = `fence ${fence}, tick ${tick}, ${counted(behind, 'tick')} behind`
  return `shard ${shard}, ${owner ?? 'no owner'}, ${where}`
}

function stateOf({ isAlive, behind }: ShardState): 'owned' | 'behind' | 'orphan' {
  if (!isAlive) return 'orphan'
  return behind > 0 ? 'behind' : 'owned'
}

function summaryOf(shards: readonly ShardState[]): string {
  const states = Map.groupBy(shards, stateOf)
  const [behind, orphans] = [states.get('behind') ?? [], states.get('orphan') ?? []]
  const most = Math.max(0, ...shards.map((shard) => shard.behind))
  const parts = [
    counted(shards.length, 'shard'),
    ...(behind.length > 0 ? [`${behind.length} behind by up to ${counted(most, 'tick')}`] : []),
    ...(orphans.length > 0 ? [`${orphans.length} without an owner`] : []),
  ]
  return parts.join(', ')
}
