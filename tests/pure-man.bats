#!/usr/bin/env bats
# The pages and the commands say the same: options, exit codes, conventions,
# names of files.  No server is asked.

load helpers

setup() {
	cd "$MIG_ROOT" || return
}

commands() {
	local page
	for page in man/mig-*.1; do
		basename "$page" .1
	done
}

# The options of a page: what .Fl names in the tags of its list.
page_options() {
	page_tags "$1" | tr ' ' '\n' | sort -u
}

# A line an option, its spellings: `-d --dbname`.
page_tags() {
	awk '/^\.Sh/ { on = $2 == "DESCRIPTION" }
	on && /^\.It Fl / {
		out = ""
		for (i = 2; i <= NF; i++) {
			if ($i != "Fl" || $(i - 1) == "Fl") continue
			if ($(i + 1) == "Fl") out = out " --" $(i + 2)
			else out = out " -" $(i + 1)
		}
		print substr(out, 2)
	}' "man/$1.1"
}

# Those that SYNOPSIS names; -Hq is two.
synopsis_options() {
	sed 's/^\.Fl/. Fl/' "man/$1.1" |
	    awk '/^\.Sh/ { on = $2 == "SYNOPSIS" }
	on {
		for (i = 1; i <= NF; i++) {
			if ($i != "Fl" || $(i - 1) == "Fl") continue
			if ($(i + 1) == "Fl") { print "--" $(i + 2); continue }
			for (k = 1; k <= length($(i + 1)); k++)
				print "-" substr($(i + 1), k, 1)
		}
	}' | sort -u
}

# The options in the code: its option tables and getopt strings.
code_options() {
	{
		cat cmd/"$1"/*.c | tr '\n\t' '  ' |
		    grep -oE '\{ *"[a-z0-9-]+", *(no|required|optional)_argument' |
		    sed 's/^[^"]*"\([^"]*\)".*/--\1/'
		cat cmd/"$1"/*.c | tr '\n\t' '  ' |
		    grep -oE 'getopt_long\( *argc, *argv, *"[^"]*"' |
		    sed 's/.*"\(.*\)"/\1/' | tr -d : | grep -o . | sed 's/^/-/'
	} | sort -u
}

# Those that --help names.
help_options() {
	"$1" --help | grep -oE '(^|[ ,;(|])--?[a-zA-Z0-9][a-z-]*' |
	    sed 's/^[ ,;(|]//' | sort -u
}

@test "each command has a page, and each page a command" {
	local dirs
	dirs=$(for dir in cmd/mig-*; do basename "$dir" .c; done)
	assert_eq "$(commands)" "$dirs"
}

@test "each option of the code stands in the page, and no other" {
	local name
	for name in $(commands); do
		assert_eq "$(page_options "$name")" "$(code_options "$name")" \
		    "options of $name"
		[ "$(page_options "$name" | wc -l)" -gt 9 ]
	done
}

@test "each option of --help stands in the page, and the other way round" {
	local name line
	for name in $(commands); do
		assert_eq "$(comm -13 <(page_options "$name") \
		    <(help_options "$name"))" '' "in --help of $name alone"
		while read -r line; do
			# shellcheck disable=SC2086 # one spelling or two
			help_options "$name" | grep -qxF -e ${line// / -e } ||
			    { echo "$name --help lacks $line"; return 1; }
		done < <(page_tags "$name")
	done
}

@test "each option stands in the synopsis, as a letter or by its name" {
	local name line
	for name in $(commands); do
		assert_eq "$(comm -13 <(page_options "$name") \
		    <(synopsis_options "$name"))" '' "in the synopsis of $name"
		while read -r line; do
			# shellcheck disable=SC2086 # one spelling or two
			synopsis_options "$name" | grep -qxF -e ${line// / -e } ||
			    { echo "$name: not in the synopsis: $line"
			    return 1; }
		done < <(page_tags "$name")
	done
}

@test "the options of a page are in order" {
	local name
	for name in $(commands); do
		awk '/^\.Sh/ { on = $2 == "DESCRIPTION" }
		on && /^\.It Fl / {
			print ($3 == "Fl" ? "2" $4 : "1" tolower($3))
		}' "man/$name.1" >"$BATS_TEST_TMPDIR/order"
		LC_ALL=C sort -c "$BATS_TEST_TMPDIR/order"
	done
}

@test "each command knows --version" {
	local name
	for name in $(commands); do
		run_mig 0 "$name" --version
		assert_match "$output" "^$name [0-9]"
	done
}

# The numbers of a page's EXIT STATUS.
exit_numbers() {
	awk '/^\.Sh/ { on = $2 == "EXIT" } on && /^\.It / { print $2 }' "$1"
}

@test "exit codes: the header, mig(7) and each page agree" {
	local all page
	all=$(sed -n 's/^	EXIT_[A-Z]* = \([0-9]\).*/\1/p' lib/exits.h)
	assert_eq "$(exit_numbers man/mig.7)" "$all"
	for page in man/mig-*.1; do
		exit_numbers "$page" | sort -c
		assert_eq "$(comm -13 <(echo "$all") <(exit_numbers "$page"))" ''
		[ "$(exit_numbers "$page" | head -n 2 | tr '\n' ' ')" != '' ]
	done
}

@test "exit codes: what --help names stands in the page" {
	local name codes
	for name in mig-plan mig-apply; do
		codes=$("$name" --help | tr '\n' ' ' | sed 's/.*Exit: //' |
		    grep -oE '(^|[ ,])[0-9] ' | tr -d ' ,' | sort)
		[ "$codes" ]
		assert_eq "$(comm -23 <(echo "$codes") \
		    <(exit_numbers "man/$name.1"))" '' "$name"
	done
}

@test "conventions: mig-ls(1) names those of the table, in its order" {
	local page code
	page=$(awk '/^\.Ss/ { on = $2 == "Conventions" }
	    on && /^\.It Cm / { print $3 }' man/mig-ls.1)
	code=$(grep -oE '\.name = "[^"]*"' lib/convention.c |
	    sed 's/.*"\(.*\)"/\1/')
	assert_eq "$page" "$code"
}

@test "directives: mig-ls(1) names those that the code knows" {
	local page code
	page=$(sed -n 's/^\.It Li "-- mig: \([a-z-]*\)".*/\1/p' man/mig-ls.1 |
	    sort)
	code=$(sed -n '/ words\[\] = {/,/}/p' lib/directive.c |
	    grep -oE '"[a-z-]+"' | tr -d '"' | sort)
	assert_eq "$page" "$code"
	# and so does the hint at one that is unknown
	code=$(sed -n '/"known are/,/;/p' lib/directive.c |
	    sed -n 's/^[^"]*"\(.*\)".*/\1/p' | tr -d '\n' |
	    sed -e 's/known are //' -e 's/ and /, /' -e 's/, /\n/g' | sort)
	assert_eq "$page" "$code"
}

@test "states and actions: the pages name those of the code" {
	local page code
	page=$(awk '/^\.Ss/ { on = $2 == "States" }
	    on && /^\.It Li / { print $3 }' man/mig-plan.1 | sort)
	code=$(sed -n 's/.*\[STATE_[A-Z_]*\] = "\([a-z-]*\)".*/\1/p' \
	    cmd/mig-plan/picture.c | sort)
	assert_eq "$page" "$code"
	page=$(awk '/^\.Ss/ { on = $2 == "Plan" }
	    on && /^\.Bl/ { list = 1 } on && /^\.El/ { exit }
	    list && /^\.It Li / { print $3 }' man/mig-stream.5 | sort)
	code=$(sed -n 's/.*\[PLAN_[A-Z]*\] = "\([a-z]*\)".*/\1/p' lib/plan.c |
	    sort)
	assert_eq "$page" "$code"
}

@test "variables of the environment: each that the code reads has its place" {
	local name
	for name in $(cat lib/*.c cmd/*/*.c | tr '\n\t' '  ' |
	    grep -oE '(getenv|set)\( *"[A-Z_]+"|add_keyword\([^)]*"[A-Z_]+"' |
	    grep -oE '[A-Z_]{3,}' | sort -u); do
		case $name in
		TERM | COLUMNS | TMPDIR) continue ;;
		esac
		grep -q "$name" man/*.[1-9] ||
		    { echo "in no page: $name"; return 1; }
	done
}

@test "pages that are named exist" {
	local page section
	while read -r page section; do
		[ -e "man/$page.$section" ] ||
		    { echo "no page $page($section)"; return 1; }
	done < <(sed -n 's/^\.Xr \(mig[a-z-]*\) \([0-9]\).*/\1 \2/p' \
	    man/*.[1-9] | sort -u)
}

@test "pages hold what they should: sections in order, 80 columns, no paths" {
	local page n
	for page in man/*.[1-9]; do
		run_mig 0 mandoc -Tlint -Wwarning "$page"
		n=$(mandoc -Tascii -O width=78 "$page" | col -bx |
		    awk 'length > 78' | tee /dev/stderr | wc -l)
		assert_eq "$n" 0 "$page: lines that are too long"
		refute grep -nE '/(home|root|work|tmp|usr|opt)/' "$page"
		refute grep -nE 'https?://' "$page"
	done
	refute grep -nE '/(home|root|work|opt)/' README.md
}

@test "make install puts pages and commands in their places, uninstall takes them" {
	local to=$BATS_TEST_TMPDIR/to file
	run_mig 0 env -u MAKEFLAGS -u MFLAGS make -o all BUILD="$MIG_BIN" PREFIX=/p DESTDIR="$to" install
	for file in man/*.[1-9]; do
		cmp "$file" "$to/p/share/man/man${file##*.}/${file##*/}"
	done
	for file in $(commands); do
		[ -x "$to/p/bin/$file" ]
	done
	run_mig 0 env -u MAKEFLAGS -u MFLAGS make -o all BUILD="$MIG_BIN" PREFIX=/p DESTDIR="$to" uninstall
	assert_eq "$(find "$to" ! -type d)" ''
}
