import { useSignal } from '@preact/signals'
import type { CachesScreen, CacheState } from '../../src/contract/screens.ts'
import { number, percent } from '../format.ts'
import { useLive } from '../live.ts'
import { AskForm } from '../parts/ask-form.tsx'
import { Chart } from '../parts/chart.tsx'
import { LiveView, Part } from '../parts/part.tsx'
import { Table } from '../parts/table.tsx'
import { KeyView } from './key-view.tsx'

const everyMs = 2_000

/** What each cache of this process does, and the state of a key. */
export function Caches() {
  const live = useLive<CachesScreen>('caches', everyMs)
  const key = useSignal<string | undefined>(undefined)
  return (
    <>
      <LiveView live={live.value}>
        {({ caches, history }) => (
          <Part title="Caches of this process">
            <div class="charts">
              <Chart
                title="Hit rate by cache"
                at={history.at}
                lines={Object.entries(history.hitRateOf).map(([label, values]) => ({
                  label,
                  values,
                }))}
                format={percent}
                max={1}
              />
            </div>
            <CacheTable caches={caches} />
          </Part>
        )}
      </LiveView>
      <Part title="Look into a key">
        <AskForm
          label="Key, without the prefix"
          button="Look"
          onAsk={(text) => (key.value = text)}
        />
        {key.value !== undefined && <KeyView key={key.value} cacheKey={key.value} />}
      </Part>
    </>
  )
}

function CacheTable({ caches }: { readonly caches: readonly CacheState[] }) {
  return (
    <Table
      label="Caches"
      rows={caches}
      keyOf={({ cache }) => cache}
      empty="No cache was read since this process began."
      columns={[
        { title: 'Cache', of: ({ cache }) => <b>{cache}</b> },
        { title: 'Hits near', of: ({ nearHits }) => number(nearHits), isNumber: true },
        { title: 'Hits in Redis', of: ({ hits }) => number(hits), isNumber: true },
        { title: 'Misses', of: ({ misses }) => number(misses), isNumber: true },
        { title: 'Fills', of: ({ fills }) => number(fills), isNumber: true },
        { title: 'Fills refused', of: ({ refusedFills }) => number(refusedFills), isNumber: true },
        { title: 'Stale served', of: ({ staleServed }) => number(staleServed), isNumber: true },
        { title: 'Bypasses', of: bypassesOf },
      ]}
    />
  )
}

function bypassesOf({ bypasses }: CacheState): string {
  const all = Object.entries(bypasses).map(([reason, times]) => `${reason} ${number(times)}`)
  return all.length === 0 ? 'none' : all.join(', ')
}
