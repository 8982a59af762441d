import core = require('@headwater/core')
import repositories = require('@headwater/repositories')
import search = require('@headwater/search')

export const entries = [core.connect, repositories.createRepositories, search.createCourseSearch]
