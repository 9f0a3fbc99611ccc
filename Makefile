# mig-tools: GNU make.  `make help` lists the targets.
#
# Everything is found by wildcard, so a new file needs no line here:
#   lib/*.c               -> libmig.a
#   lib/sql/*.sql, cmd/*/*.sql
#                         -> const char sql_NAME[], declared in sql.h
#   cmd/mig-x.c or cmd/mig-x/*.c
#                         -> build/mig-x
#   tests/unit/*.c        -> build/unit/NAME, run by check
#   tests/fuzz/*.c        -> build/fuzz/target/NAME, run by fuzz
# CC, CFLAGS, CPPFLAGS and LDFLAGS are yours: they come after ours.

VERSION	= 0.1.0
PREFIX	?= /usr/local
BUILD	?= build
CFLAGS	?= -O2 -g
# The servers of tests/lab that check runs the suite on, one round each.
MATRIX	?= system 13 18 17x 17n tsl
# Which unit programs and bats files check runs: shell patterns of their names.
TESTS	?= *
FUZZ_SECONDS ?= 60
FAULTS	?= 2500
FUZZ	?= *
JOBS	?= $(shell nproc 2>/dev/null || echo 1)

# What only one command or program is linked with: LIBS_mig-x = -lfoo
LIBS_unit-memfile = -Wl,--wrap=realloc
PKGS	= libpq libcrypto libbsd-overlay smartcols zlib

# The plain build is in build/, every variant in a folder of its own below it.
VARIANT	?=
B	:= $(BUILD)$(if $(VARIANT),/$(VARIANT))

SAN_	=
SAN_asan = -fsanitize=address,undefined -fno-sanitize-recover=all \
	   -fno-omit-frame-pointer
SAN_cov	= --coverage -O0
SAN_fuzz = -fsanitize=fuzzer-no-link,address,undefined \
	   -fno-sanitize-recover=all -fno-omit-frame-pointer
# gcc 12 takes what a struct owns for a leak; clang and LeakSanitizer look too.
SAN_analyze = -fanalyzer -Wno-analyzer-malloc-leak -Werror
SAN_clang = -Werror
SAN	= $(SAN_$(VARIANT))

WARN	= -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	  -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
	  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef \
	  -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -fno-common
HARD	= -fPIE -fstack-protector-strong -fstack-clash-protection \
	  -fcf-protection

# Flags a compiler does not know are left out: all at once, else one by one.
probe	= $(shell printf 'int main(void){return 0;}\n' | \
	  $(CC) -std=c11 -Werror $(1) -x c -c -o /dev/null - 2>/dev/null && echo y)
known	= $(if $(call probe,$(1)),$(1),$(foreach f,$(1),\
	  $(if $(call probe,$(f)),$(f))))
NOBUILD	= help clean fmt dist need check lint asan valgrind cov fuzz demo bench \
	  bench-stall sweep
ifneq ($(filter-out $(NOBUILD),$(or $(MAKECMDGOALS),all)),)
OURFLAGS := $(call known,$(WARN) $(HARD))
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS := $(shell pkg-config --libs $(PKGS))
endif

# _FORTIFY_SOURCE wants an optimising build and no rival definition; the
# sanitizers do its work themselves.
FORTIFY	= $(if $(SAN_$(filter asan cov fuzz,$(VARIANT)))$(findstring \
	  _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(filter -O0,$(CFLAGS)),,\
	  -D_FORTIFY_SOURCE=3)
CPPALL	= -D_GNU_SOURCE -DMIG_VERSION='"$(VERSION)"' $(FORTIFY) -Ilib \
	  -I$(B)/gen $(PKG_CFLAGS) $(CPPFLAGS)
COMPILE	= $(CC) -std=c11 $(OURFLAGS) $(CPPALL) $(CFLAGS) $(SAN) -MMD -MP
LINK	= $(CC) $(CFLAGS) $(SAN) -pie -Wl,-z,relro,-z,now -Wl,--as-needed \
	  $(LDFLAGS)

# V=1 shows the commands in full.
Q	= $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)

LIB_C	:= $(wildcard lib/*.c)
SQL	:= $(wildcard lib/sql/*.sql cmd/*/*.sql)
CMD_C	:= $(wildcard cmd/mig-*.c cmd/mig-*/*.c)
UNIT_C	:= $(wildcard tests/unit/*.c)
FUZZ_C	:= $(wildcard tests/fuzz/*.c)
MAN	:= $(wildcard man/*.[1-9])
HEADERS	:= $(wildcard lib/*.h cmd/*.h cmd/*/*.h tests/unit/*.h \
	   tests/fuzz/*.h)
SOURCES	:= $(LIB_C) $(CMD_C) $(UNIT_C) $(FUZZ_C) $(HEADERS)
SQLNAMES := $(basename $(notdir $(SQL)))
CMDS	:= $(sort $(foreach f,$(CMD_C:cmd/%.c=%),$(firstword $(subst /, ,$(f)))))
UNITS	:= $(UNIT_C:tests/unit/%.c=%)
FUZZERS	:= $(FUZZ_C:tests/fuzz/%.c=%)

ifneq ($(words $(SQLNAMES)),$(words $(sort $(SQLNAMES))))
$(error two .sql files have the same name: $(sort $(SQL)))
endif

GEN	= $(B)/gen/sql.h
LIB_O	= $(LIB_C:%.c=$(B)/obj/%.o) $(SQLNAMES:%=$(B)/obj/sql/%.o)
CMD_O	= $(CMD_C:%.c=$(B)/obj/%.o)
TEST_O	= $(UNIT_C:%.c=$(B)/obj/%.o) $(FUZZ_C:%.c=$(B)/obj/%.o)

all: $(CMDS:%=$(B)/%)	## build the commands (default)
	@:
units: $(UNITS:%=$(B)/unit/%)
	@:
objects: $(LIB_O) $(CMD_O)

# The folder too: a module that is gone leaves the archive.
$(B)/libmig.a: $(LIB_O) $(wildcard lib)
	$(call Q,AR)rm -f $@; $(AR) rcs $@ $(LIB_O)

define command
$(1)_O = $$(patsubst %.c,$$(B)/obj/%.o,$$(wildcard cmd/$(1).c cmd/$(1)/*.c))
$$(B)/$(1): $$($(1)_O) $$(B)/libmig.a
	$$(call Q,LINK)$$(LINK) -o $$@ $$($(1)_O) $$(B)/libmig.a $$(PKG_LIBS) $$(LIBS_$(1)) \
	    $$(LDLIBS)
endef
$(foreach c,$(CMDS),$(eval $(call command,$(c))))

$(B)/unit/%: $(B)/obj/tests/unit/%.o $(B)/libmig.a
	@mkdir -p $(@D)
	$(call Q,LINK)$(LINK) -o $@ $< $(B)/libmig.a $(PKG_LIBS) $(LIBS_unit-$*) $(LDLIBS)

$(B)/target/%: $(B)/obj/tests/fuzz/%.o $(B)/libmig.a
	@mkdir -p $(@D)
	$(call Q,LINK)$(LINK) -fsanitize=fuzzer -o $@ $< $(B)/libmig.a $(PKG_LIBS) \
	    $(LIBS_fuzz-$*) $(LDLIBS)

$(B)/obj/%.o: %.c $(B)/flags | $(GEN)
	@mkdir -p $(@D)
	$(call Q,CC)$(COMPILE) -c -o $@ $<

# One long string literal a file is what ISO C allows no minimum for.
$(B)/obj/sql/%.o: $(B)/gen/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call Q,CC)$(COMPILE) -Wno-overlength-strings -c -o $@ $<

# `?` is escaped for the sake of trigraphs.
vpath %.sql lib/sql $(sort $(dir $(SQL)))
$(B)/gen/%.c: %.sql | $(GEN)
	@mkdir -p $(@D)
	@{ printf '#include "sql.h"\nconst char sql_%s[] =\n' \
	    '$(subst -,_,$*)' && sed -e 's/[\\"?]/\\&/g' \
	    -e 's/	/\\t/g' -e 's/^/    "/' -e 's/$$/\\n"/' $< && \
	    printf '    "";\n'; } >$@.tmp && mv $@.tmp $@

# Rewritten only when the names change, so that nothing rebuilds for nothing.
$(GEN): $(SQL) $(wildcard lib/sql cmd cmd/mig-*)
	@mkdir -p $(@D)
	@{ printf '#ifndef SQL_H\n#define SQL_H\n'; \
	    for n in $(subst -,_,$(sort $(SQLNAMES))); do \
	        printf 'extern const char sql_%s[];\n' "$$n"; done; \
	    printf '#endif\n'; } >$@.tmp
	@if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi

# Other flags, other objects.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(COMPILE) $(LINK))' >$@.tmp
	@if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi

.SECONDARY:
-include $(patsubst %.o,%.d,$(LIB_O) $(CMD_O) $(TEST_O))

# ---------------------------------------------------------------- tests
# `exec`: a signal to make reaches the script, which stops its servers.

# A make below this one, in parallel unless the user has said how; `+` in
# front of it hands the job server down.
SUB	= $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

check:	## install what is missing, build, run all tests on each of MATRIX
	@tests/lab/need check $(MATRIX)
	@+$(SUB) all units
	@exec env BUILD='$(BUILD)' TESTS='$(TESTS)' MATRIX='$(MATRIX)' \
	    ROUNDS='$(JOBS)' tests/lab/check

asan:	## the tests with the address and undefined behaviour sanitizers
	@tests/lab/need check $(firstword $(MATRIX))
	@+$(SUB) VARIANT=asan all units
	@exec env BUILD='$(BUILD)/asan' TESTS='$(TESTS)' \
	    MATRIX='$(firstword $(MATRIX))' \
	    ASAN_OPTIONS=detect_leaks=1:exitcode=99:$$ASAN_OPTIONS \
	    LSAN_OPTIONS=exitcode=99:$$LSAN_OPTIONS \
	    UBSAN_OPTIONS=print_stacktrace=1:exitcode=99:$$UBSAN_OPTIONS \
	    tests/lab/check

# Each command in build/valgrind runs the one in build; it is slow.
valgrind:	## the tests with each command under valgrind's memcheck
	@tests/lab/need check valgrind $(firstword $(MATRIX))
	@+$(SUB) all units
	@mkdir -p $(BUILD)/valgrind/unit
	@for p in $(CMDS) $(UNITS:%=unit/%); do \
	    ln -sf '$(CURDIR)/tests/lab/memcheck' $(BUILD)/valgrind/$$p; done
	@exec env BUILD='$(BUILD)/valgrind' TESTS='$(TESTS)' \
	    MATRIX='$(firstword $(MATRIX))' MIG_SLOW=20 tests/lab/check

cov:	## the tests with coverage: what of each file they reach, and why not all
	@tests/lab/need check $(firstword $(MATRIX))
	@find $(BUILD)/cov -name '*.gcda' -delete 2>/dev/null || :
	@+$(SUB) VARIANT=cov all units
	@exec env BUILD='$(BUILD)/cov' TESTS='$(TESTS)' \
	    MATRIX='$(firstword $(MATRIX))' \
	    tests/lab/coverage $(BUILD)/cov tests/lab/check

fuzz:	## each fuzz target for FUZZ_SECONDS (60); FUZZ=pattern for some
	@tests/lab/need fuzz
	@+$(SUB) VARIANT=fuzz CC=clang fuzzers
	@exec env FUZZ='$(FUZZ)' FUZZ_SECONDS='$(FUZZ_SECONDS)' \
	    tests/lab/fuzz $(BUILD)/fuzz
fuzzers: $(FUZZERS:%=$(B)/target/%)

demo:	## build, start a private server, show the tools at work, stop it
	@tests/lab/need check system
	@+$(SUB) all
	@exec env MIG_BIN='$(abspath $(B))' tests/lab/demo

sweep:	## FAULTS (2500, or all) done to mig-apply on the first of MATRIX
	@tests/lab/need check $(firstword $(MATRIX))
	@+$(SUB) all
	@exec env MIG_BIN='$(abspath $(B))' \
	    MIG_TEST_SERVER='$(firstword $(MATRIX))' \
	    tests/fault/sweep $(FAULTS)

bench:	## the benchmarks
	@tests/lab/need check system
	@+$(SUB) all
	@env MIG_BIN='$(abspath $(B))' tests/bench/run
	@exec env MIG_BIN='$(abspath $(B))' tests/bench/stall

bench-stall:	## how long an application waits for a migration
	@tests/lab/need check system
	@+$(SUB) all
	@exec env MIG_BIN='$(abspath $(B))' tests/bench/stall

# ----------------------------------------------------------------- lint

LINTS	= analyze clang tidy cppcheck format shell man banned headers
lint:	## compilers and checkers, all with -Werror; needs no server
	@tests/lab/need lint
	@+$(SUB) -k $(LINTS:%=lint-%) && echo 'lint: clean'

lint-analyze:
	@+$(SUB) VARIANT=analyze CC=gcc objects
lint-clang:
	@+$(SUB) VARIANT=clang CC=clang objects units
# Each one's output is filtered by itself: several at once tear their lines.
lint-tidy: $(GEN)
	@$(if $(LIB_C)$(CMD_C),! printf '%s\n' $(LIB_C) $(CMD_C) | \
	    xargs -n 4 -P $(JOBS) sh -c 'clang-tidy --quiet "$$@" -- \
	    -std=c11 $(subst ','\'',$(CPPALL)) 2>&1 | grep -Ev \
	    "^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -"' sh | \
	    grep .)
lint-cppcheck: $(GEN)
	@$(if $(LIB_C)$(CMD_C),cppcheck -q -j $(JOBS) --std=c11 \
	    --enable=warning --enable=performance \
	    --enable=portability --inline-suppr \
	    --error-exitcode=1 -Ilib -I$(B)/gen -D_GNU_SOURCE -DMIG_VERSION='""' \
	    $(LIB_C) $(CMD_C))
lint-format:
	@$(if $(SOURCES),clang-format --dry-run -Werror $(SOURCES))
lint-shell:
	@tests/lint/shell
lint-man:
	@tests/lint/man
lint-banned:
	@tests/lint/banned
lint-headers: $(GEN)
	@$(foreach h,$(filter-out tests/%,$(HEADERS)),\
	    printf '#include "%s"\n#include "%s"\nextern int mig_lint;\n' \
	    $(abspath $(h)) $(abspath $(h)) | \
	    $(CC) -std=c11 $(WARN) -Werror $(CPPALL) -O1 -fsyntax-only -x c - && ) :

fmt:	## lay the C files out as .clang-format says
	@tests/lab/need lint
	@$(if $(SOURCES),clang-format -i $(SOURCES))

# -------------------------------------------------------------- install

install: all	## into $(DESTDIR)$(PREFIX)/bin and share/man
	install -d $(DESTDIR)$(PREFIX)/bin
	$(if $(CMDS),install -m 755 $(CMDS:%=$(B)/%) $(DESTDIR)$(PREFIX)/bin)
	@for m in $(MAN); do \
	    d='$(DESTDIR)$(PREFIX)'/share/man/man$${m##*.}; \
	    install -d "$$d" && install -m 644 "$$m" "$$d" || exit 1; done

uninstall:	## take away what install put there
	rm -f $(CMDS:%=$(DESTDIR)$(PREFIX)/bin/%)
	rm -f $(foreach m,$(MAN),$(DESTDIR)$(PREFIX)/share/man/man$(subst \
	    .,,$(suffix $(m)))/$(notdir $(m)))

dist:	## build/mig-tools-VERSION.tar.gz of what is committed
	@mkdir -p $(B)
	git archive --format=tar --prefix=mig-tools-$(VERSION)/ HEAD | \
	    gzip -9n >$(B)/mig-tools-$(VERSION).tar.gz

clean:	## remove build/
	rm -rf $(BUILD)

help:	## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1	/p' Makefile | \
	    while IFS='	' read -r t h; do printf '%-11s %s\n' "$$t" "$$h"; done
	@echo 'variables: MATRIX="system 13 18 17x 17n tsl" TESTS=pattern FUZZ=pattern'
	@echo '           FUZZ_SECONDS=60 FAULTS=2500 PREFIX=/usr/local DESTDIR= BUILD=build'

.PHONY: FORCE all units objects check asan valgrind cov fuzz fuzzers demo \
	bench bench-stall sweep lint $(LINTS:%=lint-%) fmt install uninstall \
	dist clean help
.DELETE_ON_ERROR:
