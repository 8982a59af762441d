// The same API by hand, in a process of its own.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { openClients } from '../flows/by-hand/clients.ts'
import { published, users } from '../flows/data.ts'
import { ApiByHand } from './by-hand/api.ts'
import { createAppByHand } from './by-hand/app.ts'
import { columnsByHand, fill } from './data.ts'
import { serveSide } from './side-process.ts'

await serveSide(async (options) => {
  const clients = await openClients(options)
  await clients.postgres.query(columnsByHand)
  await fill(clients.postgres)
  const api = new ApiByHand(clients, options)
  for (let id = 1; id <= published; id += 1) await api.index.indexCourse(id)
  const server = createServer(createAppByHand(api))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    tokens: await sessionsOf(api),
    settled: () => api.settled(),
  }
})

async function sessionsOf({ gate }: ApiByHand): Promise<string[]> {
  const tokens: string[] = []
  for (let userId = 1; userId <= users; userId += 1) tokens.push(await gate.begin(userId))
  return tokens
}
