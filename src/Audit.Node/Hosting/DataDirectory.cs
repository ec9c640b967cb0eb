namespace Audit.Node.Hosting;

/// <summary>The directory of what belongs to this node alone. Nobody but its owner may look into it.</summary>
internal sealed class DataDirectory
{
    private DataDirectory(string path) => Path = path;

    public string Path { get; }

    public string TokenFile => System.IO.Path.Combine(Path, "admin.token");

    public string NodeFile => System.IO.Path.Combine(Path, "node.json");

    /// <exception cref="NodeStartException">The directory cannot be made or written.</exception>
    public static DataDirectory Open(string path)
    {
        try
        {
            var full = System.IO.Path.GetFullPath(path);
            OwnerOnly.MakeDirectory(full);
            var probe = System.IO.Path.Combine(full, $".write-{Guid.NewGuid():N}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            return new DataDirectory(full);
        }
        catch (Exception failure) when (failure
            is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new NodeStartException($"The data directory \"{path}\" cannot be used: {failure.Message}", failure);
        }
    }

    /// <summary>Writes a file that only its owner may read; one that is there is never written over.</summary>
    public static void WriteSecret(string path, string text)
    {
        using var file = OwnerOnly.Create(path);
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    /// <summary>Writes down where the node listens, so that the command line on this machine finds it.</summary>
    public void WriteNodeFile(IEnumerable<string> urls)
    {
        var temporary = NodeFile + ".new";
        using (var file = File.Create(temporary))
        using (var json = new Utf8JsonWriter(file))
        {
            json.WriteStartObject();
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteStartArray("urls");
            foreach (var url in urls)
            {
                json.WriteStringValue(url);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        File.Move(temporary, NodeFile, overwrite: true);
    }

    /// <summary>
    /// Writes down which store belongs to the directory, without its password, where it is not the one that lies in it:
    /// who comes with the directory alone must not take another for it.
    /// </summary>
    public void WriteStoreFile(string store)
    {
        var (file, address) = (StoreNote.In(Path), StoreAddress.Parse(store).WithoutSecret());
        if (address == StoreNote.Usual(Path))
        {
            File.Delete(file);
        }
        else
        {
            OwnerOnly.Replace(file, Encoding.UTF8.GetBytes(address + "\n"));
        }
    }

    public void RemoveNodeFile() => File.Delete(NodeFile);
}
