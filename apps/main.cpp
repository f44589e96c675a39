// main: the progan_cuda program.
int main() { return 2; }
