namespace Audit.Lifecycle.Calls;

/// <summary>A call in the tree of those that are shown with it.</summary>
/// <param name="Depth">0 where its parent is none, or none of them.</param>
public readonly record struct Branch<T>(T Call, int Depth);

/// <summary>Calls as a tree: each behind its parent, and those of one parent in the order that they have.</summary>
public static class CallTree
{
    /// <summary>Whatever the calls say of their parents, each of them stands in the tree once.</summary>
    public static IReadOnlyList<Branch<T>> Of<T>(
        IReadOnlyList<T> calls, Func<T, string> idOf, Func<T, string?> parentOf)
    {
        var known = calls.Select(idOf).ToHashSet();
        var children = calls.Where(HasParent).ToLookup(call => parentOf(call)!);
        var tree = new List<Branch<T>>(calls.Count);
        var placed = new HashSet<string>();
        foreach (var root in calls.Where(call => !HasParent(call)))
        {
            Grow(root);
        }

        // What is left goes around in a circle; it begins with the first of them.
        foreach (var call in calls)
        {
            Grow(call);
        }

        return tree;

        bool HasParent(T call) => parentOf(call) is { } parent && parent != idOf(call) && known.Contains(parent);

        void Grow(T root)
        {
            var open = new Stack<Branch<T>>([new Branch<T>(root, 0)]);
            while (open.TryPop(out var branch))
            {
                if (placed.Add(idOf(branch.Call)))
                {
                    tree.Add(branch);
                    foreach (var child in children[idOf(branch.Call)].Reverse())
                    {
                        open.Push(new Branch<T>(child, branch.Depth + 1));
                    }
                }
            }
        }
    }
}
