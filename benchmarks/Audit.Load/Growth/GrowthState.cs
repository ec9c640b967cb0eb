using System.Text.Json;

namespace Audit.Load.Growth;

/// <summary>What is measured already, in a file beside the stores, so that what was broken off goes on.</summary>
internal sealed class GrowthState : IDisposable
{
    private readonly Dictionary<(int Rows, string Name), Sample> samples = [];
    private readonly FileStream file;

    private GrowthState(FileStream file) => this.file = file;

    /// <exception cref="WrongUseException">Another is at it, or what is there was measured otherwise.</exception>
    public static GrowthState Open(string path, GrowthBasis basis)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure)
        {
            throw new WrongUseException($"{path} cannot be opened: {failure.Message} One growth is measured at a time.");
        }

        var state = new GrowthState(file);
        try
        {
            state.Read(path, basis);
            return state;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public Sample? Of(int rows, string name) => samples.GetValueOrDefault((rows, name));

    public void Add(int rows, string name, Sample sample)
    {
        samples[(rows, name)] = sample;
        Write(new Line(rows, name, sample));
    }

    public void Dispose() => file.Dispose();

    private void Read(string path, GrowthBasis basis)
    {
        var whole = 0L;
        using (var lines = new StreamReader(file, leaveOpen: true))
        {
            // The last line may have been broken off in the middle: without its end it does not count.
            var text = lines.ReadToEnd();
            var ended = text[..(text.LastIndexOf('\n') + 1)];
            whole = System.Text.Encoding.UTF8.GetByteCount(ended);
            foreach (var (index, line) in ended.Split('\n', StringSplitOptions.RemoveEmptyEntries).Index())
            {
                Take(path, basis, index, line);
            }
        }

        file.SetLength(whole);
        file.Seek(whole, SeekOrigin.Begin);
        if (whole == 0)
        {
            Write(basis);
        }
    }

    private void Take(string path, GrowthBasis basis, int index, string line)
    {
        try
        {
            if (index > 0)
            {
                var read = JsonSerializer.Deserialize<Line>(line)!;
                samples[(read.Rows, read.Name)] = read.Sample;
            }
            else if (JsonSerializer.Deserialize<GrowthBasis>(line) is var begun && begun != basis)
            {
                throw new WrongUseException(
                    $"{path} was begun with {begun}, and this is {basis}: finish it as it was begun, or remove the directory.");
            }
        }
        catch (JsonException failure)
        {
            throw new WrongUseException($"Line {index + 1} of {path} cannot be read: {failure.Message} Remove the directory.");
        }
    }

    private void Write<T>(T line)
    {
        file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line), (byte)'\n']);
        file.Flush(flushToDisk: true);
    }

    private sealed record Line(int Rows, string Name, Sample Sample);
}

/// <summary>What has to be the same for figures to stand side by side.</summary>
internal sealed record GrowthBasis(string? Commit, string Store, int Records, string? Node)
{
    public override string ToString() =>
        FormattableString.Invariant($"{Records:n0} records on {Store} at {Commit ?? "no commit"} ({Node ?? "the node of this build"})");
}
