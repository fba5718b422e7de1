import { tortureMail } from './long.ts'

tortureMail('sqlite')
