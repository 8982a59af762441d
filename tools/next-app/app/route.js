import { quickStart } from '../quick-start.mjs'

export const dynamic = 'force-dynamic'

/** Answers what the quick start saw. */
export async function GET() {
  return Response.json(await quickStart())
}
