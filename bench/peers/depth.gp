# Lines: tokens per second over the tokens in the cache; Brim is solid, the peer dashed. Called by pictures.mjs with
# data, picture, heading, blocks.
set terminal svg size 900, 520 font "sans-serif,12" background "#ffffff" noenhanced
set output picture
set title heading font ",11"
set datafile separator "\t"
set xlabel "tokens in the cache"
set ylabel "generated tokens per second"
set yrange [0:*]
set grid lc rgb "#dddddd"
set key outside bottom center horizontal
set linetype 1 lc rgb "#2b6cb0"
set linetype 2 lc rgb "#c05621"
set linetype 3 lc rgb "#2f855a"
set linetype 4 lc rgb "#6b46c1"
set linetype 5 lc rgb "#b83280"
set linetype 6 lc rgb "#4a5568"
set key autotitle columnheader
plot for [i = 0:int(blocks) - 1] data index i using 1:2 with linespoints lt i + 1 pt 7 ps 0.7 lw 2 title columnheader(1)." Brim", \
     for [i = 0:int(blocks) - 1] data index i using 1:3 with linespoints lt i + 1 pt 6 ps 0.7 lw 1.5 dt 2 title columnheader(1)." peer"
