# Bars: how many times as fast as the peer. Called by pictures.mjs with data, picture, heading, height.
set terminal svg size 900, int(height) font "sans-serif,12" background "#ffffff" noenhanced
set output picture
set title heading font ",11"
set datafile separator "\t"
set style fill solid 0.85 noborder
set boxwidth 0.7
set xlabel "Brim ÷ peer, medians of pairs (more is better; the line is a tie)"
set grid xtics lc rgb "#dddddd"
set ytics scale 0
stats data using 2 nooutput
set xrange [0:STATS_max * 1.12]
set yrange [-0.6:STATS_records - 0.4]
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb "#444444" lw 1.5 front
plot data using (0):0:(0):2:($0 - 0.35):($0 + 0.35):ytic(stringcolumn(1)) with boxxyerror lc rgb "#2b6cb0" notitle, \
     data using 2:0:(sprintf(" %.2f×", $2)) with labels left font ",11" notitle
