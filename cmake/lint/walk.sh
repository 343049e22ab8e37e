# Included by the rules: walk FIND-ARGUMENTS… is find without the files that builds, Python, pip and npm leave in the
# tree (.gitignore).
walk() { find "$@" | { grep -vE '(^|/)(build|build-[^/]*|__pycache__|node_modules|[.]venv|[.]cache|[^/]*[.]egg-info)(/|$)' || true; }; }
