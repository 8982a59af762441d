import { readFileSync } from 'node:fs'
import { packageBuild } from '../../tsup.base.ts'

const build = packageBuild('src/index.ts')

/** Carries the client inside the build, since a bundler moves the code away from its files. */
const clientAsText: (typeof build.esbuildPlugins)[number] = {
  name: 'client-as-text',
  setup: ({ onLoad }) => {
    onLoad({ filter: /client-assets\.ts$/ }, () => {
      const names = ['console.js', 'console.css']
      const texts = names.map((name) => [name, readFileSync(`client/dist/${name}`, 'utf8')])
      return {
        loader: 'ts',
        contents: `const texts = ${JSON.stringify(Object.fromEntries(texts))}
          export async function clientAsset(name) { return texts[name] }`,
      }
    })
  },
}

export default { ...build, esbuildPlugins: [...build.esbuildPlugins, clientAsText] }
