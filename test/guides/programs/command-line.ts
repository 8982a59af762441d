import { defineConfig } from '@headwater/cli'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import { createCourseSearch, openaiEmbedder, searchMigrations } from '@headwater/search'

const apiKey = process.env['HEADWATER_OPENAI_API_KEY'] ?? ''

export default defineConfig({
  migrate: { sets: [repositoriesMigrations, searchMigrations] },
  services: (stores) => {
    const repositories = createRepositories(stores)
    const embedder = openaiEmbedder({ apiKey })
    const search = createCourseSearch(stores, { courses: repositories.courses, embedder })
    const resyncables = [...repositories.resyncables, ...search.resyncables]
    return { ...repositories, search, resyncables }
  },
})
