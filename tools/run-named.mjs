import { existsSync, readdirSync } from 'node:fs'
import { install, runFromSource } from './run.mjs'

/** Runs `FOLDER/NAME/NAME.KIND.ts` for the NAME on the command line, or lists the names. */
export async function runNamed({ folder, kind, options }) {
  const [name, ...args] = process.argv.slice(2)
  const scriptOf = (name) => `${folder}/${name}/${name}.${kind}.ts`
  if (name === undefined || !existsSync(scriptOf(name))) {
    const names = readdirSync(folder).filter((name) => existsSync(scriptOf(name)))
    console.error(`usage: npm run ${kind} -- NAME ${options}`)
    console.error(`NAME is one of: ${names.join(', ')}`)
    process.exit(2)
  }
  await install()
  await runFromSource(scriptOf(name), args)
}
