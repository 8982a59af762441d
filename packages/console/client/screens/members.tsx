import type { MembersScreen } from '../../src/contract/screens.ts'
import { duration, number } from '../format.ts'
import { useLive } from '../live.ts'
import { Facts } from '../parts/facts.tsx'
import { Available, LiveView, Part } from '../parts/part.tsx'
import { Status } from '../parts/status.tsx'
import { Table } from '../parts/table.tsx'

const everyMs = 3_000

/** The processes of the deployment, as far as they can be seen. */
export function Members() {
  const live = useLive<MembersScreen>('members', everyMs)
  return (
    <LiveView live={live.value}>
      {({ process, near, relays, versions }) => (
        <>
          <Part title="This process">
            <Facts
              of={{
                Host: process.host,
                Process: String(process.pid),
                'Node.js': process.node,
                Up: duration(process.upMs),
                ...Object.fromEntries(
                  versions.map(({ name, version }) => [
                    name,
                    version.isAvailable ? version.data : `not available: ${version.reason}`,
                  ]),
                ),
              }}
            />
          </Part>
          <Part title="Relays">
            <Available of={relays}>
              {(all) => (
                <Table
                  label="Relays"
                  rows={all}
                  keyOf={({ owner }) => owner}
                  empty="No relay owns a shard. Is one started?"
                  columns={[
                    { title: 'Relay', of: ({ owner }) => <code>{owner}</code> },
                    {
                      title: 'State',
                      of: ({ isAlive }) => <Status of={isAlive ? 'up' : 'down'} />,
                    },
                    { title: 'Sinks', of: ({ sinks }) => sinks.join(', ') },
                    { title: 'Shards', of: ({ shards }) => number(shards), isNumber: true },
                  ]}
                />
              )}
            </Available>
          </Part>
          <Part title="Near tier">
            <Available of={near}>
              {(all) => (
                <Table
                  label="Members of the near tier"
                  rows={all}
                  keyOf={({ cache }) => cache}
                  empty="No process keeps values near."
                  columns={[
                    { title: 'Keys that begin with', of: ({ cache }) => <b>{cache}</b> },
                    { title: 'Members', of: ({ members }) => number(members), isNumber: true },
                  ]}
                />
              )}
            </Available>
          </Part>
        </>
      )}
    </LiveView>
  )
}
