import type { ActivityScreen, QueryFigure } from '../../src/contract/screens.ts'
import { number } from '../format.ts'
import { useLive } from '../live.ts'
import { Bars } from '../parts/bars.tsx'
import { Chart } from '../parts/chart.tsx'
import { Facts } from '../parts/facts.tsx'
import { Available, LiveView, Part } from '../parts/part.tsx'

const everyMs = 5_000

/** What users did in the last two weeks. */
export function Activity() {
  const live = useLive<ActivityScreen>('activity', everyMs)
  return (
    <LiveView live={live.value}>
      {({ events, spilled, funnel, topQueries, withoutResults, history }) => (
        <>
          <Part title="Events per day">
            <Available of={events}>
              {({ days, byType }) => (
                <div class="charts">
                  <Chart
                    title="By type, last two weeks"
                    at={days.map((day) => day / 1_000)}
                    lines={Object.entries(byType).map(([label, values]) => ({ label, values }))}
                    format={number}
                    isDaily
                  />
                </div>
              )}
            </Available>
          </Part>
          <Part title="Written by this process">
            <div class="charts">
              <Chart
                title="Events per minute, last five minutes"
                at={history.at}
                lines={[{ label: 'written to MongoDB', values: history.activity }]}
                format={number}
              />
            </div>
          </Part>
          <Part title="Waiting for MongoDB">
            <Available of={spilled}>
              {(entries) => <Facts of={{ 'Spilled entries': number(entries) }} />}
            </Available>
          </Part>
          <Part title="Funnel of all courses">
            <Available of={funnel}>
              {({ viewed, enrolled, completed }) => (
                <Bars
                  label="Users by step"
                  of={[
                    { name: 'viewed', value: viewed },
                    { name: 'enrolled', value: enrolled },
                    { name: 'completed', value: completed },
                  ]}
                  empty="Nothing was viewed."
                />
              )}
            </Available>
          </Part>
          <Part title="Most frequent queries">
            <Available of={topQueries}>{queryBars}</Available>
          </Part>
          <Part title="Queries without a result">
            <Available of={withoutResults}>{queryBars}</Available>
          </Part>
        </>
      )}
    </LiveView>
  )
}

function queryBars(queries: readonly QueryFigure[]) {
  const bars = queries.map(({ query, searches }) => ({ name: query, value: searches }))
  return <Bars label="Searches by query" of={bars} empty="None." />
}
