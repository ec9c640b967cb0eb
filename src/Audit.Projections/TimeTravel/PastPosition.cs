namespace Audit.Projections.TimeTravel;

/// <summary>Finds the position that a time means: the last one before the first row that was received later.</summary>
internal sealed class PastPosition(IReadStore store, IJournal journal)
{
    private const int RowsAtOnce = 1_000;
    private const long BytesAtOnce = 4 << 20;

    public async Task<long> OfAsync(AsOf asOf, CancellationToken cancellation)
    {
        var last = await journal.LastPositionAsync(cancellation);
        if (asOf.Position is { } position)
        {
            return Math.Min(position, last);
        }

        var time = Instants.Clamp(asOf.Time!.Value);
        var (from, until) = await RangeAsync(Moment.SecondOf(time), last, cancellation);
        return await SearchAsync(time, from, until, cancellation);
    }

    /// <summary>
    /// A row received later than the time lies in the time's own second or begins a later one. The first of a later
    /// second is known, as far as the read models are; so only the rows of the second itself are looked at.
    /// </summary>
    /// <returns>The position before the first row to look at, and the answer if none of them is later.</returns>
    private async Task<(long From, long Until)> RangeAsync(long second, long last, CancellationToken cancellation)
    {
        var (moments, known) = await store.ReadAsync(
            async session => (
                await session.QueryAsync(
                    "SELECT second, position FROM moments WHERE second >= $1 ORDER BY second LIMIT 2",
                    [second], row => new Moment(row.Number(0), row.Number(1)), cancellation),
                await OffsetRow.ReadAsync(session, cancellation)),
            cancellation);
        var own = moments.Find(moment => moment.Second == second);
        var later = moments.Find(moment => moment.Second > second);
        var until = later.Position > 0 ? later.Position - 1 : last;
        var from = own.Position > 0 ? own.Position - 1 : later.Position > 0 ? until : known.Offset.Position;
        return (from, until);
    }

    private async Task<long> SearchAsync(Timestamp time, long from, long until, CancellationToken cancellation)
    {
        while (from < until)
        {
            var rows = await journal.ReadAfterAsync(from, RowsAtOnce, BytesAtOnce, cancellation);
            foreach (var row in rows)
            {
                if (row.Position > until)
                {
                    return until;
                }

                if (FactsReader.ReceivedAtOrNever(row) > time)
                {
                    return row.Position - 1;
                }
            }

            if (rows.Count == 0)
            {
                return until;
            }

            from = rows[^1].Position;
        }

        return until;
    }
}
