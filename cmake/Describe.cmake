# Describe.cmake: runs COMMAND (a list, with an emulator where one is needed) and writes its description of itself to
# FOLDER: brim.1 for man and brim.bash for bash.
execute_process(COMMAND ${COMMAND} help --man OUTPUT_FILE "${FOLDER}/brim.1" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${COMMAND} help --bash-completion OUTPUT_FILE "${FOLDER}/brim.bash" COMMAND_ERROR_IS_FATAL ANY)
