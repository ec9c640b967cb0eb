namespace Audit.Api.Instruments;

/// <summary>What the node takes up of its machine, as far as the system tells it.</summary>
internal sealed class MachineFigures(ApiSettings settings, FailureLog failures)
{
    private const string Descriptors = "/proc/self/fd";
    private const string Limits = "/proc/self/limits";
    private const string LimitOfFiles = "Max open files";

    private readonly string? file = StoreAddress.Parse(settings.Store) is { IsSqlite: true } store
        ? Path.GetFullPath(store.Place)
        : null;

    /// <summary>Files and sockets that are open; none where the system does not tell.</summary>
    public IEnumerable<long> OpenFiles() => Try(() => Directory.EnumerateFileSystemEntries(Descriptors).LongCount());

    public IEnumerable<long> MostOpenFiles() => Try(() =>
        long.Parse(
            File.ReadLines(Limits).First(line => line.StartsWith(LimitOfFiles, StringComparison.Ordinal))
                [LimitOfFiles.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0],
            CultureInfo.InvariantCulture));

    /// <summary>The disks of the data directory and, where the journal is a file, of the journal.</summary>
    public IEnumerable<(string Of, long Bytes)> Disks(Func<DriveInfo, long> read)
    {
        IReadOnlyList<(string Of, string Path)> places = file is null
            ? [("data", settings.Data)]
            : [("data", settings.Data), ("journal", Path.GetDirectoryName(file)!)];
        return places.SelectMany(
            place => Try(() => read(new DriveInfo(Path.GetFullPath(place.Path)))).Select(bytes => (place.Of, bytes)));
    }

    /// <summary>The size of the journal's file, or of the one beside it; none of a journal that is no file.</summary>
    public IEnumerable<long> BytesOfJournal(string suffix = "") => file is null
        ? []
        : Try(() => new FileInfo(file + suffix) is { Exists: true } found ? found.Length : 0);

    private IEnumerable<long> Try(Func<long> read)
    {
        try
        {
            return [read()];
        }
        catch (Exception failure) when (failure
            is IOException or UnauthorizedAccessException or ArgumentException or FormatException
            or InvalidOperationException or OverflowException)
        {
            failures.Report("look at the machine", failure);
            return [];
        }
    }
}
