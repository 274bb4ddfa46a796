export { argumentsOf, callNumber, looksPast, nameOf, type Reason, reasonOf } from './call.ts';
export { changeText, type Group, grouped, type Ignored, tally, whereText } from './changes.ts';
export { type ArchCost, archesNamedIn, type Cost, costOf } from './cost.ts';
export { PROGRAM_FORMATS, type ProgramFormat, programAs } from './program-format.ts';
export { type Conditional, type Row, rowsOf } from './table.ts';
export { nodesOnPath, type Tree, type TreeNode, treeOf } from './tree.ts';
