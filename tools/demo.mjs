// npm run demo: installs, then runs the three flows on the four stores and the API on a framework.
import { install, run, runFromSource } from './run.mjs'

await install()
const args = process.argv.slice(2)
if (args.includes('nextjs')) {
  // Next.js serves what it has built, from the packages as they are built.
  const built = ['./packages/*', '@headwater-examples/nextjs-app'].map((name) => `--filter=${name}`)
  await build([...built, 'run', 'build'])
} else if (!args.includes('--once')) {
  // The console serves its client as it is built.
  await build(['--filter=@headwater/console', 'exec', 'vite', 'build'])
}
// Node.js strips types; the decorators of NestJS have to be compiled.
const tsx = new URL('../examples/nestjs-api/node_modules/tsx/dist/loader.mjs', import.meta.url).href
await runFromSource(
  'examples/demo/src/main.ts',
  args,
  args.includes('nestjs') ? ['--import', tsx] : [],
)

async function build(args) {
  const { code, output } = await run('pnpm', args)
  if (code === 0) return
  process.stderr.write(output)
  process.exit(code)
}
