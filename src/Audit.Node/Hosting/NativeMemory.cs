using System.Runtime.InteropServices;

namespace Audit.Node.Hosting;

/// <summary>
/// The C library keeps a heap for each of many threads, and what SQLite frees in one is not used in another: on a
/// server that runs for long most of it is air. Two heaps are enough for the few that write.
/// </summary>
internal static class NativeMemory
{
    private const int MostHeaps = -8;
    private const int MappedFrom = -3;
    private const int GivenBackFrom = -1;

    public static void Bound()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = SetOption(MostHeaps, 2);

            // By itself the bound grows with what is freed, and large buffers then stay in the heaps. What each record
            // needs for a moment is below it, and stays: the kernel would hand it out page by page each time.
            _ = SetOption(MappedFrom, 1 << 20);
            _ = SetOption(GivenBackFrom, 16 << 20);
        }
        catch (EntryPointNotFoundException)
        {
            // Not every C library has such heaps, or this call to bound them.
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetOption(int option, int value);
}
