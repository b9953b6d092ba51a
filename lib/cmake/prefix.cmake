# SPDX-License-Identifier: MIT
# cmake -D NM=... -D OBJCOPY=... -P prefix.cmake NAMES FOLDER OBJECT...
# Copies objects to FOLDER, each lib/a/b.c.o to a_b.o. What they define for one another has the prefix
# NAME__ in the copies, of a NAMES that is NAME_objects.names: two libraries may have one name for two
# things. NAMES gets the list of these, old and new. Names with the prefix stay, and so
# do weak ones, which are the compiler's and not of one library.
cmake_minimum_required(VERSION 3.20)

math(EXPR last "${CMAKE_ARGC} - 1")
set(arguments "")
foreach(place RANGE ${last})
  list(APPEND arguments ${CMAKE_ARGV${place}})
endforeach()
list(FIND arguments ${CMAKE_SCRIPT_MODE_FILE} script)
math(EXPR place "${script} + 1")
list(SUBLIST arguments ${place} -1 objects)
list(POP_FRONT objects names folder)

set(defined "")
foreach(object ${objects})
  execute_process(COMMAND ${NM} -P -g --defined-only ${object} OUTPUT_VARIABLE listing
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n ]+ [ABCDGRST] " found "${listing}")
  list(APPEND defined ${found})
endforeach()
list(TRANSFORM defined REPLACE " .*" "")
list(FILTER defined EXCLUDE REGEX "^l2tpha_")
list(SORT defined)
list(REMOVE_DUPLICATES defined)
get_filename_component(library ${names} NAME)
string(REGEX REPLACE "_objects\\.names$" "" library ${library})
list(TRANSFORM defined REPLACE "(.+)" "\\1 ${library}__\\1\n")
list(JOIN defined "" renamed)
file(WRITE ${names} "${renamed}")

file(MAKE_DIRECTORY ${folder})
foreach(object ${objects})
  string(REGEX REPLACE "^.*/([^/]+)/([^/]+)\\.c\\.[a-z]+$" "\\1_\\2.o" copy ${object})
  execute_process(COMMAND ${OBJCOPY} --redefine-syms=${names} ${object} ${folder}/${copy}
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
