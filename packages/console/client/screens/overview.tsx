import type { History } from '../../src/contract/history.ts'
import type { OverviewScreen, StoreState } from '../../src/contract/screens.ts'
import { duration, number, percent } from '../format.ts'
import { useLive } from '../live.ts'
import { Chart, type Line } from '../parts/chart.tsx'
import { Facts } from '../parts/facts.tsx'
import { Available, LiveView, Part } from '../parts/part.tsx'
import { Status, StatusMeanings } from '../parts/status.tsx'
import { FindingList } from './finding-list.tsx'

const everyMs = 2_000

/** How the stores are, and what this process did in the last minutes. */
export function Overview() {
  const live = useLive<OverviewScreen>('overview', everyMs)
  return (
    <LiveView live={live.value}>
      {({ findings, stores, outbox, history }) => (
        <>
          <Part title="Findings">
            <FindingList findings={findings} />
          </Part>
          <Part title="Stores">
            <Available of={stores}>
              {(all) => (
                <ul class="cards">
                  {all.map((store) => (
                    <StoreCard key={store.name} store={store} />
                  ))}
                </ul>
              )}
            </Available>
            <StatusMeanings />
          </Part>
          <Part title="Outbox">
            <Available of={outbox}>
              {({ sinks, lagMs, parked, dead, unowned }) => (
                <Facts
                  of={{
                    Sinks: number(sinks),
                    Lag: duration(lagMs),
                    Parked: number(parked),
                    'Dead letters': <a href="#outbox">{number(dead)}</a>,
                    'Shards without owner': number(unowned),
                  }}
                />
              )}
            </Available>
          </Part>
          <Part title="This process, last five minutes">
            <Charts history={history} />
          </Part>
        </>
      )}
    </LiveView>
  )
}

function StoreCard({ store }: { readonly store: StoreState }) {
  const { name, status, isRequired, latencyMs, error } = store
  return (
    <li class="card">
      <h3>{name}</h3>
      <p>
        <Status of={status} /> {latencyMs !== undefined && duration(latencyMs)}
      </p>
      <p class="quiet">{isRequired ? 'required' : 'optional: the application does without it'}</p>
      {error !== undefined && <p class="reason">{error}</p>}
    </li>
  )
}

function Charts({ history }: { readonly history: History }) {
  const { at } = history
  return (
    <div class="charts">
      <Chart
        title="Cache hit rate"
        at={at}
        lines={[{ label: 'all caches', values: history.hitRate }]}
        format={percent}
        max={1}
      />
      <Chart
        title="Mean latency"
        at={at}
        lines={[...linesOf(history.latencyMs), { label: 'search', values: history.searchMs }]}
        format={duration}
      />
      <Chart title="Lag of the sinks" at={at} lines={linesOf(history.lagMs)} format={duration} />
      <Chart
        title="Degraded operations per second"
        at={at}
        lines={[
          {
            label: 'bypasses, stale answers, lost legs, spilled activity, limits from memory',
            values: history.degraded,
          },
        ]}
        format={number}
      />
    </div>
  )
}

function linesOf(columns: Readonly<Record<string, Line['values']>>): readonly Line[] {
  return Object.entries(columns).map(([label, values]) => ({ label, values }))
}
