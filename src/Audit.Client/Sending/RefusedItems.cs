using Audit.Client.Http;

namespace Audit.Client.Sending;

/// <summary>A file of items that a node does not take, each with its receipt.</summary>
/// <param name="most">How many bytes it may hold.</param>
/// <param name="report">Told of each.</param>
internal sealed class RefusedItems(string path, long most, Action<NodeException> report)
{
    /// <exception cref="IOException">It cannot be put aside.</exception>
    public void Keep(ReceiptLine receipt, ReadOnlySequence<byte> item)
    {
        var isInBook = receipt.Status == ReceiptLine.Violation;
        var isKept = !isInBook && PutAside(receipt, item);
        report(new NodeException(
            NodeTrouble.NotRecorded,
            $"The node answered a record with {receipt.Status}: {receipt.Reason ?? receipt.Error}"
                + (isInBook ? "" : isKept ? $" It is kept in {path}."
                : $" It is not kept, for {path} holds {most} bytes already.")));
    }

    private bool PutAside(ReceiptLine receipt, ReadOnlySequence<byte> item)
    {
        using var aside = OwnedFile.Open(path);
        if (aside.Length >= most)
        {
            return false;
        }

        var line = new ArrayBufferWriter<byte>();
        line.Write(Encoding.UTF8.GetBytes($$"""{"receipt":{{receipt}},"item":"""));
        line.Write(item.ToArray().AsSpan().TrimEnd((byte)'\n'));
        line.Write("}\n"u8);
        aside.Seek(0, SeekOrigin.End);
        aside.Write(line.WrittenSpan);
        aside.Flush(flushToDisk: true);
        return true;
    }
}

/// <summary>A file that only its owner reads, and one process at a time.</summary>
internal static class OwnedFile
{
    public static FileStream Open(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }
}
