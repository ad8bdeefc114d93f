# Attacks by files that commands are told to read or write. `# attack:` stands above each attack.

# On a busy machine everything takes long; that is no failure.
limit 900

_failed_without_crash() {
  case $(cat .run/status) in 1 | 64 | 77 | 124) ;; *) expected 'status 1, 64, 77 or 124' ;; esac
  [ -s .run/stderr ] || expected 'a reason'
}


# attack: directories, and files that are no documents
files_that_are_no_documents_are_refused() {
  mkdir dir
  head -c 4096 /dev/urandom >random
  : >empty
  printf '\377\376\000' >invalid
  for file in dir random empty invalid /proc/self/mem no-such-file; do
    run dmabuf stat --diff $file
    _failed_without_crash
    run dmabuf bench alloc --size 4K --count 1 --compare $file
    _failed_without_crash
  done
}
